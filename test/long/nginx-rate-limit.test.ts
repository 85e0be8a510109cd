import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dataTilePath, hashTilePath, TILE_WIDTH } from '../../src/ct-log/client/static-ct/tile-path.js';
import { fingerprint } from '../../src/simulator/log/log-entry.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';

const START = 1;
const SIZE = 5001;
/** The last requests for entries, at the rate of the limit, take a quarter of a minute. */
const LIMIT = 'rate=4r/s';
const BURST = 2;
const MAX_LINES = 20;

const nginx = ['nginx', '/usr/sbin/nginx'].find((program) => spawnSync(program, ['-v']).status === 0);
if (nginx === undefined)
  console.warn(
    'SKIPPED nginx as the front of a log: nginx is not installed. Run "apt-get install nginx-light"',
  );

let system: TestSystem | undefined;
let child: ChildProcess | undefined;

afterAll(async () => {
  await system?.close();
  if (child === undefined) return;
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
});

/** Writes the files of a static-ct log that are needed to read it from its first entry on. */
async function writeLog(log: SimulatedLog, folder: string): Promise<void> {
  const tiles = Math.floor(SIZE / TILE_WIDTH);
  const paths = new Set(['checkpoint', hashTilePath(1, 0, tiles)]);
  for (let index = 0; index <= tiles; index++) {
    const width = Math.min(TILE_WIDTH, SIZE - index * TILE_WIDTH);
    paths.add(dataTilePath(index, width)).add(hashTilePath(0, index, width));
  }
  for (const index of range(0, SIZE))
    for (const der of log.entry(index).chain) paths.add(`issuer/${fingerprint(der).toString('hex')}`);
  for (const path of paths) {
    const response = await fetch(log.url + path);
    expect(response.status, path).toBe(200);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), Buffer.from(await response.arrayBuffer()));
  }
}

/** Serves a folder with `limit_req` and its default status, 503. @returns the port. */
async function startNginx(folder: string): Promise<number> {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; user ${userInfo().username}; pid ${join(folder, 'nginx.pid')}; error_log ${join(folder, 'error.log')};
events {}
http {
  ${temporary}
  log_format status '$status $uri';
  access_log ${join(folder, 'access.log')} status;
  limit_req_zone $binary_remote_addr zone=all:1m ${LIMIT};
  server {
    listen 127.0.0.1:${port};
    root ${join(folder, 'log')};
    limit_req zone=all burst=${BURST};
  }
}
`,
  );
  child = spawn(nginx!, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const isListening = (): Promise<boolean> =>
    new Promise((resolve) => {
      // A port in use cannot be taken. A request would count for the limit.
      const probe = createServer().once('error', () => resolve(true));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(false)));
    });
  await expect.poll(isListening, { interval: 100 }).toBe(true);
  return port;
}

describe.skipIf(nginx === undefined)(
  'a static-ct log as files of nginx with limit_req 4 r/s and its default status',
  () => {
    it('catching up 5,000 entries → every chain is whole, the limit is found, and the log output is short', async () => {
      const logs = [{ name: 'files', protocol: 'static-ct', listed: false, initialEntries: SIZE }] as const;
      let url = '';
      system = await TestSystem.prepare({
        logs,
        config: (simulator) => ({
          general: {
            disable_default_logs: true,
            additional_tiled_logs: [
              {
                url,
                submission_url: simulator.log('files').submissionUrl,
                key: simulator.log('files').key.spki.toString('base64'),
              },
            ],
            recovery: { enabled: true, ct_index_file: join(system!.folder, 'ct_index.json') },
            buffer_sizes: { websocket: 1_000_000 },
          },
          ct_log: { poll_interval_seconds: 5 },
          log: { level: 'info' },
        }),
      });
      const log = system.simulator.log('files');
      const folder = join(system.folder, 'nginx');
      await writeLog(log, join(folder, 'log'));
      url = `http://127.0.0.1:${await startNginx(folder)}`;
      writeFileSync(
        join(system.folder, 'ct_index.json'),
        JSON.stringify({ [url.replace('http://', '')]: START }),
      );
      await system.startServer();
      const indices = new LogIndices(await system.connect('/full-stream'));
      await indices.upTo(SIZE, { url });
      expect(indices.of({ url })).toEqual(range(START, SIZE));
      const cut = indices.reader
        .updates()
        .filter(({ data }) => data.chain?.length !== log.entry(data.cert_index).chain.length);
      expect(cut.map(({ data }) => data.cert_index)).toEqual([]);
      await system.eventually(
        () => statsOf(system!, { url })!.verifiedIndex === SIZE,
        'the proof of all entries',
      );

      const answers = readFileSync(join(folder, 'access.log'), 'utf8').trimEnd().split('\n');
      const refused = answers.filter((line) => line.startsWith('503 ')).length;
      console.log(`${answers.length} requests, ${refused} refused, ${system.output.length} log lines`);
      expect(answers.some((line) => line.startsWith('200 /issuer/'))).toBe(true);
      // Most of them are sent before the limit is known: about 3 of 32.
      expect(refused).toBeLessThan(0.2 * answers.length);
      expect(system.output.length).toBeLessThan(MAX_LINES);
    });
  },
);
