import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';

const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
/** schemathesis: SCHEMATHESIS, or the virtual environment that `.ci/run` makes. */
const program =
  process.env['SCHEMATHESIS'] ?? join(CACHE, 'certstream-server-nest', 'schemathesis', 'bin', 'schemathesis');
const isThere = spawnSync(program, ['--version']).status === 0;
if (!isThere) {
  console.warn(
    `SKIPPED test/long/openapi-requests.test.ts: ${program} is not installed. Run ` +
      '"python3 -m venv <folder> && <folder>/bin/pip install schemathesis==4.32.5", and name <folder>/bin/schemathesis in SCHEMATHESIS',
  );
}
const CONFIG = join(import.meta.dirname, '../support/schemathesis.toml');
const EXAMPLES = 30;
const LIMIT_MS = 300_000;

describe.skipIf(!isThere)('the running server', () => {
  let system: TestSystem;

  beforeAll(async () => {
    const listener = { listen_addr: '127.0.0.1', listen_port: await freePort() };
    system = await TestSystem.start({
      logs: [{ name: 'log', initialEntries: 10 }],
      config: { webserver: listener, prometheus: { enabled: true, ...listener } },
    });
    const log = system.simulator.log('log');
    log.append(50);
    log.publish();
    await system.eventually(async () => (await system.get('/latest.json')).status === 200, 'entries');
  });
  afterAll(() => system.close());

  it(
    'answers the requests that schemathesis derives from /openapi.json as the document says',
    async () => {
      const args = ['--config-file', CONFIG, '--no-color', 'run', `${system.url}/openapi.json`];
      const options = ['--max-examples', `${EXAMPLES}`, '--seed', '1', '--suppress-health-check', 'all'];
      const child = spawn(program, [...args, ...options], { cwd: system.folder });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      const [code] = (await once(child, 'close')) as [number];
      expect(output).toMatch(/Tested: 24/);
      expect(output).not.toMatch(/Failures:/);
      expect(code, output.slice(-20_000)).toBe(0);
    },
    LIMIT_MS,
  );
});
