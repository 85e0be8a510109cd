/**
 * Lets WebSocket clients of other languages read a compressed stream, and compares what they read with what a client without
 * compression reads. Each program prints the extensions that it negotiated and the SHA-256 of each message.
 *
 *   npm run test:clients
 *
 * Clients that this machine cannot build are named, with the way to get them. They are not an error.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { StreamClients } from '../../src/stream/subscription/stream-clients.js';
import { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { buildProblem, type BuildStep, pythonIn, pythonSteps } from './foreign-programs.js';

const SOURCES = join(process.cwd(), 'test/foreign-clients');
const MESSAGES = 1000;
const BATCH = 10;
const PAUSE_MS = 20;
const LIMIT_MS = 120_000;
const STREAMS = ['/', '/domains-only'];

interface ForeignClient {
  readonly name: string;
  /** Steps that install or compile the client in `folder`. The client is skipped when one fails. */
  readonly build: readonly BuildStep[];
  readonly command: readonly string[];
  /** How to get the client when the build fails. */
  readonly needs: string;
}

const folder = mkdtempSync(join(tmpdir(), 'certstream-clients-'));
const python = pythonIn(folder);
const clients: ForeignClient[] = [
  ...['context', 'alone', 'plain'].map((mode) => ({
    name: `Node.js ws, ${mode}`,
    build: [],
    command: ['node', join(SOURCES, 'node-ws.mjs'), 'URL', 'COUNT', mode],
    needs: 'npm ci',
  })),
  ...['context', 'alone'].map((mode) => ({
    name: `Python websockets, ${mode}`,
    build: pythonSteps(folder, ['websockets', 'aiohttp']),
    command: [python, join(SOURCES, 'python_websockets.py'), 'URL', 'COUNT', mode],
    needs: 'Python 3.9 or newer with venv, and pip install websockets',
  })),
  {
    name: 'Python aiohttp',
    build: [],
    command: [python, join(SOURCES, 'python_aiohttp.py'), 'URL', 'COUNT'],
    needs: 'Python 3.9 or newer with venv, and pip install aiohttp',
  },
  ...[
    ['gorilla/websocket', 'gorilla', 'alone'],
    ['coder/websocket, context', 'coder', 'context'],
    ['coder/websocket, alone', 'coder', 'alone'],
  ].map(([name, library, mode]) => ({
    name: `Go ${name}`,
    build: [
      ['go', 'mod', 'tidy'],
      ['go', 'build', '-o', 'client', '.'],
    ],
    command: [join(folder, 'go/client'), 'URL', 'COUNT', mode, library],
    needs: 'Go 1.22 or newer with access to a module proxy',
  })),
  {
    name: 'Rust tokio-tungstenite',
    build: [['cargo', 'build', '-q']],
    command: [join(folder, 'rust/target/debug/stream-client'), 'URL', 'COUNT'],
    needs: 'cargo with access to a registry of crates',
  },
  {
    name: 'Java java.net.http',
    build: [['javac', '-d', join(folder, 'java'), join(SOURCES, 'java/StreamClient.java')]],
    command: ['java', '-cp', join(folder, 'java'), 'StreamClient', 'URL', 'COUNT'],
    needs: 'a JDK of version 17 or newer',
  },
];

/** Builds a client. @returns the last line of the error when that fails. */
function build({ name, build: steps }: ForeignClient): string | undefined {
  const language = name.split(' ')[0].toLowerCase();
  return buildProblem(steps, language === 'go' || language === 'rust' ? join(folder, language) : folder);
}

interface Reading {
  readonly extensions: string;
  readonly hashes: readonly string[];
}

/** Runs a client until it has read all messages. @throws Error with the last line of its error output. */
async function read({ command }: ForeignClient, url: string): Promise<Reading> {
  const [program, ...args] = command.map((part) =>
    part === 'URL' ? url : part === 'COUNT' ? `${MESSAGES}` : part,
  );
  const child = spawn(program, args, {
    cwd: process.cwd(),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const failed = new Promise<never>((_resolve, reject) => child.on('error', reject));
  const hashes: string[] = [];
  let extensions = '';
  const lines = (async () => {
    for await (const line of createInterface({ input: child.stdout }))
      if (line.startsWith('extensions ')) extensions = line.slice('extensions '.length);
      else hashes.push(line);
  })();
  await Promise.race([failed, lines]);
  if (hashes.length < MESSAGES)
    throw new Error(`${hashes.length} messages; ${errors.join('').trim().split('\n').at(-1)}`);
  return { extensions, hashes };
}

async function main(): Promise<void> {
  for (const language of ['go', 'rust'])
    cpSync(join(SOURCES, language), join(folder, language), { recursive: true });
  const usable: ForeignClient[] = [];
  for (const client of clients) {
    const problem = build(client);
    if (problem === undefined) usable.push(client);
    else console.log(`SKIPPED  ${client.name}: ${problem}. It needs ${client.needs}.`);
  }
  const system = await TestSystem.start({
    logs: [{ name: 'log', pageSize: 250 }],
    config: { webserver: { listen_addr: '127.0.0.1', compression_enabled: true } },
  });
  try {
    for (const path of STREAMS) await compare(system, path, usable);
  } finally {
    await system.close();
  }
}

/** Runs all clients on one stream while a log grows. */
async function compare(system: TestSystem, path: string, usable: readonly ForeignClient[]): Promise<void> {
  const url = system.server.url.replace('http', 'ws') + path;
  const witness = await StreamReader.connect(url, { perMessageDeflate: false });
  const log = system.simulator.log('log');
  const timer = setInterval(() => {
    log.append(BATCH);
    log.publish();
  }, PAUSE_MS);
  // Clients that join and leave meanwhile.
  const visits = setInterval(() => {
    void StreamReader.connect(url).then((visitor) => setTimeout(() => void visitor.close(), 500));
  }, 300);
  const results = await Promise.allSettled(usable.map((client) => read(client, url)));
  clearInterval(timer);
  clearInterval(visits);
  const all = witness.frames.map((text) => createHash('sha256').update(text).digest('hex'));
  for (const [i, result] of results.entries()) report(`${path} ${usable[i].name}`, all, result);
  const { messages, bytes, plainBytes } =
    system.server.app.get(StreamClients).audiences[path === '/' ? 'lite' : 'domains'].compression;
  console.log(
    `${path}: ${messages} messages with the shared context, ${(bytes / messages).toFixed(0)} instead of ${(plainBytes / messages).toFixed(0)} bytes each`,
  );
  await witness.close();
}

function report(name: string, all: readonly string[], result: PromiseSettledResult<Reading>): void {
  if (result.status === 'rejected') {
    process.exitCode = 1;
    console.log(`FAILED   ${name}: ${(result.reason as Error).message}`);
    return;
  }
  const { extensions, hashes } = result.value;
  // Messages of the domains-only stream may be equal, so the first one does not tell where the client began.
  const first = all.findIndex((_hash, from) => hashes.every((hash, i) => hash === all[from + i]));
  const isSame = first >= 0;
  if (!isSame) process.exitCode = 1;
  console.log(
    `${isSame ? 'ok      ' : 'FAILED  '} ${name}: ${hashes.length} messages from ${first} on, ${extensions}`,
  );
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
