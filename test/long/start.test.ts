import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/testing/free-port.js';
import { type CliResult, startCli } from '../../src/testing/cli-process.js';
import { TestSystem } from '../../src/testing/test-system.js';

describe('a signal while the code is being loaded', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'certstream-start-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs a command that receives SIGTERM as soon as the given module is requested. */
  async function signalledAt(module: string, args: readonly string[]): Promise<CliResult> {
    const hooks = `export async function load(url, context, next) {
      if (url.endsWith(${JSON.stringify(module)})) process.kill(process.pid, 'SIGTERM');
      return next(url, context);
    }`;
    const preload = join(folder, 'register.mjs');
    const script = `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));`;
    writeFileSync(preload, script);
    const node = ['--import', pathToFileURL(preload).href];
    const env = {
      CERTSTREAM_GENERAL_DISABLE_DEFAULT_LOGS: 'true',
      CERTSTREAM_GENERAL_ADDITIONAL_LOGS: '[{"url": "http://127.0.0.1:1/dead"}]',
      CERTSTREAM_WEBSERVER_LISTEN_ADDR: '127.0.0.1',
      CERTSTREAM_WEBSERVER_LISTEN_PORT: `${await freePort()}`,
    };
    return startCli(args, { cwd: folder, env, node }).ended;
  }

  it.each(['/cli/program.js', '/cli/commands/serve.js', '/start-server.js', '/ct-log/ingest.module.js'])(
    'ends serve with exit code 0 at %s',
    async (module) => {
      expect(await signalledAt(module, ['serve'])).toMatchObject({ code: 0, err: '' });
    },
  );

  it('ends other commands in the usual way', async () => {
    expect(await signalledAt('/cli/program.js', ['validate'])).toEqual({ code: null, out: '', err: '' });
  });
});

describe('a port that is in use', () => {
  let taken: Server;
  let port: number;
  let system: TestSystem;
  const config: Record<string, Record<string, unknown>> = {};
  beforeEach(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    ({ port } = taken.address() as AddressInfo);
    system = await TestSystem.prepare({
      logs: [{ name: 'log' }],
      config: ({ logs }) => ({
        ...config,
        general: { disable_default_logs: true, additional_logs: [{ url: logs[0].url }] },
      }),
    });
  });
  afterEach(async () => {
    await system.close();
    taken.close();
    await once(taken, 'close');
  });

  it.each([
    ['of the streams', { webserver: { listen_addr: '127.0.0.1' } }],
    ['of the metrics', { prometheus: { enabled: true, listen_addr: '127.0.0.1' } }],
  ])(
    '%s ends the start with one line and exit code 2 before any request to a log',
    async (_whose, sections) => {
      const [name] = Object.keys(sections);
      Object.assign(config, { webserver: {}, prometheus: {} }, sections);
      config[name]['listen_port'] = port;
      const path = system.configFile(name === 'webserver' ? port : await freePort());
      const { code, out, err } = await startCli(['serve', '-c', path], { cwd: system.folder }).ended;
      expect(code).toBe(2);
      expect(err).toBe(
        `cannot listen on 127.0.0.1:${port}: another program already listens there; stop it, or set another ${name}.listen_port\n`,
      );
      expect(out).not.toMatch(/following/);
      expect(system.simulator.logs[0].requests.total).toBe(0);
    },
  );
});
