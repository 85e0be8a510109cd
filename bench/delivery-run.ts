/**
 * Runs the whole server under load for minutes. It checks that every client that keeps up receives every index of every log
 * exactly once, and shows whether memory stays constant.
 *
 *   npm run bench:delivery -- --minutes 10 --rate 500 --clients 50 [--restart]
 *
 * With --restart it stops the server cleanly in the middle and starts it again; both runs together must stream every index
 * exactly once.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamKind } from '../src/certificate/certificate-batch.js';
import { CtLogSimulator } from '../src/simulator/ct-log-simulator.js';
import { STREAM_KINDS } from '../src/stream/subscription/stream-paths.js';
import { freePort } from '../src/testing/free-port.js';
import { readArguments } from './support/arguments.js';
import { writeServerConfig } from './support/server-config.js';
import { ServerProcess } from './support/server-process.js';
import { VerifyingClient } from './support/verifying-client.js';

const SAMPLE_MS = 15_000;
const options = readArguments({ minutes: 10, rate: 500, clients: 50, logs: 2, restart: 0 });

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'delivery-run-'));
  const simulator = await CtLogSimulator.start({
    logs: Array.from({ length: options.logs }, (_, n) => ({
      name: `log${n}`,
      protocol: n % 2 === 0 ? ('rfc6962' as const) : ('static-ct' as const),
      initialEntries: 100,
    })),
  });
  const port = await freePort();
  const { logListUrl: listUrl, publicKeyPem } = simulator;
  const configFile = writeServerConfig(folder, { listUrl, publicKeyPem }, port, { poll_interval_seconds: 1 });
  const logFile = join(folder, 'server.log');
  const clients = Array.from({ length: options.clients }, (_, n) =>
    newClient(STREAM_KINDS[n % STREAM_KINDS.length], simulator),
  );
  console.log(
    `${options.clients} clients, ${options.logs} logs, ${options.rate} entries/s, files in ${folder}`,
  );

  const runMs = options.minutes * 60_000;
  if (options.restart) {
    await run(configFile, port, logFile, simulator, clients, runMs / 2, false);
    console.log('the server stopped cleanly and is started again');
  }
  await run(configFile, port, logFile, simulator, clients, options.restart ? runMs / 2 : runMs, true);
  const failed = report(simulator, clients);
  await simulator.close();
  process.exitCode = failed ? 1 : 0;
}

async function run(
  configFile: string,
  port: number,
  logFile: string,
  simulator: CtLogSimulator,
  clients: readonly VerifyingClient[],
  milliseconds: number,
  untilComplete: boolean,
): Promise<void> {
  const notYet = simulator.logs.map((log) =>
    log.faults.add({ endpoint: ['get-sth', 'checkpoint'], kind: 'status', status: 503 }),
  );
  const server = await ServerProcess.start(configFile, port, logFile);
  await Promise.all(clients.map((client) => client.connect(server.url)));
  for (const fault of notYet) fault.remove();
  await server.follows(options.logs);
  simulator.startGrowth({ entriesPerSecond: options.rate, headIntervalMs: 500 });
  await sample(server, clients, milliseconds);
  if (untilComplete) {
    simulator.stopGrowth();
    await settle(simulator, clients);
  }
  const closed = clients.map((client) => client.closed());
  const exitCode = await server.stop();
  const codes = new Set(await Promise.all(closed));
  if (!untilComplete) simulator.stopGrowth();
  console.log(`exit code ${exitCode}, clients closed with ${[...codes].join(', ')}`);
}

async function sample(server: ServerProcess, clients: readonly VerifyingClient[], ms: number): Promise<void> {
  const end = Date.now() + ms;
  let before = { at: Date.now(), ...server.usage() };
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(SAMPLE_MS, end - Date.now())));
    const now = { at: Date.now(), ...server.usage() };
    const cpu = ((now.cpuSeconds - before.cpuSeconds) * 100_000) / (now.at - before.at);
    const messages = clients.reduce((sum, client) => sum + client.messages, 0);
    console.log(
      `${now.residentMb.toFixed(0)} MB resident, ${cpu.toFixed(1)} % CPU, ${messages} messages received`,
    );
    before = now;
  }
}

/** Waits until every client has received all entries, or until no message has arrived for ten seconds. */
async function settle(simulator: CtLogSimulator, clients: readonly VerifyingClient[]): Promise<void> {
  let last = -1;
  let quietSince = Date.now();
  while (!clients.every((client) => missing(simulator, client) === 0) && Date.now() - quietSince < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const messages = clients.reduce((sum, client) => sum + client.messages, 0);
    if (messages !== last) quietSince = Date.now();
    last = messages;
  }
}

function newClient(kind: StreamKind, simulator: CtLogSimulator): VerifyingClient {
  const client = new VerifyingClient(kind);
  for (const log of simulator.logs) client.next.set(log.url.replace(/\/$/, ''), log.size);
  return client;
}

function published(simulator: CtLogSimulator): number {
  return simulator.logs.reduce((sum, log) => sum + log.size - log.options.initialEntries, 0);
}

function missing(simulator: CtLogSimulator, client: VerifyingClient): number {
  return published(simulator) - client.messages;
}

function report(simulator: CtLogSimulator, clients: readonly VerifyingClient[]): boolean {
  const expectedDomains = clients.find(({ kind }) => kind === 'lite')?.domains.toString();
  let failed = 0;
  clients.forEach((client, n) => {
    const problems = client.mistakes.slice(0, 3);
    if (missing(simulator, client) !== 0) problems.push(`${missing(simulator, client)} messages missing`);
    if (client.kind === 'domains' && expectedDomains && client.domains.toString() !== expectedDomains) {
      problems.push(
        `domain lists differ from the lite stream: ${client.domains.toString()} and ${expectedDomains}`,
      );
    }
    if (problems.length > 0) console.log(`client ${n} (${client.kind}): ${problems.join('; ')}`);
    failed += problems.length > 0 ? 1 : 0;
  });
  console.log(
    `${published(simulator)} entries published; ${clients.length - failed} of ${clients.length} clients received each of them exactly once`,
  );
  return failed > 0;
}

await main();
