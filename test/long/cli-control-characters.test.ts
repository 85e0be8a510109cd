import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { type CliResult, startCli } from '../../src/testing/cli-process.js';
import { namedEntry } from '../support/named-entries.js';

/** ESC sequences, BEL, a C1 character, a line separator and a mark that turns the direction of writing. */
const HOSTILE = 'x\u001b[2J\u001b]0;title\u0007\u009b31m\u2028\u202ey\r';
/** Everything that a terminal may carry out, except the line feed. */
// oxlint-disable-next-line no-control-regex -- these are the characters that must not occur
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

let folder: string;
let server: Server;
let simulator: CtLogSimulator;
/** A log whose answers all contain {@link HOSTILE}. */
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-control-'));
  server = createServer(({ url: path = '' }, response) => {
    if (path.endsWith('/checkpoint')) response.end(`${HOSTILE}\n5\n${HOSTILE}\n\n\u2014 ${HOSTILE} AAAA\n`);
    else response.end(JSON.stringify({ tree_size: HOSTILE, [HOSTILE]: HOSTILE }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
  simulator = await CtLogSimulator.start({ logs: [{ name: 'names' }], certificates: 20 });
  const [log] = simulator.logs;
  const names = namedEntry([HOSTILE, 'a.example'], [['CN', HOSTILE]], [['O', HOSTILE]]);
  log.appendRaw(names.entry);
  log.publish();
});
afterAll(async () => {
  server.close().closeAllConnections();
  await simulator.close();
  rmSync(folder, { recursive: true });
});

function run(args: readonly string[], wrapper: readonly string[] = []): Promise<CliResult> {
  const env = {
    CERTSTREAM_LOG_LIST_URL: simulator.logListUrl,
    CERTSTREAM_LOG_LIST_VERIFY_SIGNATURE: 'false',
    CERTSTREAM_LOG_LIST_CACHE_FILE: '',
  };
  return startCli(args, { cwd: folder, env, wrapper }).ended;
}

describe('a log whose answers contain control characters', () => {
  it.each([['additional_logs'], ['additional_tiled_logs']])('create-index, %s', async (key) => {
    const logs = [{ url, operator: 'O', description: 'D' }];
    const config = { general: { disable_default_logs: true, [key]: logs } };
    writeFileSync(join(folder, 'index.yaml'), JSON.stringify(config));
    const { code, out, err } = await run(['create-index', '-c', 'index.yaml', '-o', 'index.json']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).not.toMatch(CONTROL);
    expect(err).toMatch(/^Left out D: [^\n]+\nnone of 1 logs returned its tree size[^\n]+\n$/);
  });

  it.each([
    ['pick', '--cert', '0'],
    ['pick', '--cert', '0', '--tiled'],
    ['export', '--from', '0', '--to', '1'],
  ])('%s', async (command, ...args) => {
    const { code, out, err } = await run([command, '--log', url, ...args]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).not.toMatch(CONTROL);
    expect(err).toMatch(/^[^\n]+\n$/);
  });
});

it.each([[], ['--text'], ['--chain'], ['--pem']])(
  'pick prints no control character of a certificate, %s',
  async (...forms) => {
    const { code, out } = await run(['pick', '--log', simulator.logs[0].url, '--cert', '0', ...forms]);
    expect(code).toBe(0);
    expect(out).not.toMatch(CONTROL);
  },
);

/** Runs its arguments with a terminal as standard output, and copies what they print to its own. */
const TERMINAL = [
  'python3',
  '-c',
  'import os, pty, sys\nsys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))',
  'sh',
  '-c',
  'exec "$@" 2>/dev/null',
  'sh',
];
const hasPython = spawnSync('python3', ['-c', 'import os; os.openpty()']).status === 0;
if (!hasPython) console.log('skipped: the tests with a terminal need python3');

it.skipIf(!hasPython).each(['lite', 'full', 'domains', 'pem'])(
  'export as %s prints no control character of a certificate to a terminal',
  async (format) => {
    const range = ['--from', '0', '--to', '0', '--format', format];
    const { code, out } = await run(['export', '--log', simulator.logs[0].url, ...range], TERMINAL);
    const lines = out.replaceAll('\r\n', '\n');
    expect({ code, printed: lines !== '' }).toEqual({ code: 0, printed: true });
    expect(lines).not.toMatch(CONTROL);
  },
);
