import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { range } from '../support/range.js';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
/** A Python with the package `certstream`: CERTSTREAM_PYTHON, or the virtual environment that `.ci/run` makes. */
const python =
  process.env.CERTSTREAM_PYTHON ?? join(CACHE, 'certstream-server-nest', 'python-client', 'bin', 'python');
const isThere = spawnSync(python, ['-c', 'import certstream']).status === 0;
if (!isThere) {
  console.warn(
    `SKIPPED test/python-client.test.ts: ${python} has no package certstream. Run ` +
      '"python3 -m venv <folder> && <folder>/bin/pip install certstream==1.12", and name <folder>/bin/python in CERTSTREAM_PYTHON',
  );
}

/** The unchanged client, which reconnects five seconds after a connection has ended. */
const SCRIPT = `
import sys
import certstream

def on_message(message, context):
    print(message['data']['source']['url'], message['data']['cert_index'], flush=True)

certstream.listen_for_events(on_message, url=sys.argv[1], on_open=lambda: print('open', flush=True))
`;

const INITIAL = 50;
let system: TestSystem;
let client: ChildProcess | undefined;
afterEach(async () => {
  client?.kill();
  await system.close();
});

describe.skipIf(!isThere)('the Python client', () => {
  it('receives every entry once over a restart of the server', async () => {
    const port = await freePort();
    system = await TestSystem.prepare({
      logs: [
        { name: 'rfc', initialEntries: INITIAL, pageSize: 64 },
        { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
      ],
      config: () => ({
        webserver: { listen_addr: '127.0.0.1', listen_port: port },
        general: { recovery: { enabled: true, ct_index_file: join(system.folder, 'ct_index.json') } },
        // Longer than the client needs, whatever else the machine does.
        stream: { restart_grace_seconds: 60 },
      }),
    });
    const { simulator } = system;
    const [log] = simulator.logs;
    const seen = new Map<string, number[]>(simulator.logs.map(({ url }) => [url.replace(/\/$/, ''), []]));
    let opened = 0;
    client = spawn(python, ['-c', SCRIPT, `ws://127.0.0.1:${port}/`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    createInterface({ input: client.stdout! }).on('line', (line) => {
      const [url, index] = line.split(' ');
      if (url === 'open') opened++;
      else seen.get(url)?.push(Number(index));
    });
    const received = (count: number): Promise<void> =>
      system.eventually(
        () => [...seen.values()].every((indices) => indices.length >= count),
        `${count} entries`,
      );

    await system.startServer();
    await system.following();
    await system.eventually(() => opened === 1, 'the first connection of the client');
    simulator.startGrowth({ entriesPerSecond: 100, headIntervalMs: 100 });
    await received(50);
    await system.server.stop();
    await log.waitForHead(log.head.treeSize + 50);
    await system.startServer();
    await system.eventually(() => opened === 2, 'the second connection of the client');
    await log.waitForHead(log.head.treeSize + 50);
    simulator.stopGrowth();
    const size = Math.min(...simulator.logs.map(({ head }) => head.treeSize));
    await received(size - INITIAL);
    for (const indices of seen.values()) expect(indices).toEqual(range(INITIAL, INITIAL + indices.length));
  });
});
