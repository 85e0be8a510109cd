import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { BAD_CONFIGS } from '../config/bad-configs.js';
import { startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';

const TOP = join(import.meta.dirname, '../..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = (args: readonly string[], env: Record<string, string> = {}, node: readonly string[] = []) =>
  startCli(args, { cwd: folder, env, node });
const run = (args: readonly string[], env?: Record<string, string>) => start(args, env).ended;

function configFile(name: string, yaml: string): string {
  const path = join(folder, name);
  writeFileSync(path, yaml);
  return path;
}

describe('the loaded modules', () => {
  /** Returns the URLs of all modules that a command imports. */
  async function modulesOf(args: readonly string[], exitCode = 0): Promise<string> {
    const list = join(folder, 'modules.txt');
    writeFileSync(list, '');
    const hooks = `import { appendFileSync } from 'node:fs';
      export async function load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context); }`;
    const register = `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));`;
    const preload = join(folder, 'register.mjs');
    writeFileSync(preload, register);
    const { code, err } = await start(args, {}, ['--import', pathToFileURL(preload).href]).ended;
    expect({ code, err }).toEqual({ code: exitCode, err: exitCode === 0 ? '' : expect.anything() });
    return readFileSync(list, 'utf8');
  }

  it.each([
    [['export', '--log', '127.0.0.1:1/log', '--from', '0']],
    [['watch', '127.0.0.1:1/', '--domain', 'example.com']],
    [['outputs', '--url', '127.0.0.1:1']],
  ])('of %j do not include Nest', async (args) => {
    const modules = await modulesOf(args, 1);
    expect(modules).toContain(`/cli/commands/${args[0]}.js`);
    expect(modules).not.toMatch(/node_modules\/(@nestjs|rxjs|reflect-metadata)\//);
  });

  it.each([
    [['--help']],
    [['--version']],
    [['demo', '--help']],
    [['export', '--help']],
    [['watch', '--help']],
    [['validate']],
  ])('of %j do not include Nest', async (args) => {
    const modules = await modulesOf(args);
    expect(modules).toContain('/cli/program.js');
    expect(modules).not.toMatch(/node_modules\/(@nestjs|rxjs|reflect-metadata|ws)\//);
  });
});

describe('validate', () => {
  it('checks the proxy variables as well', async () => {
    const { code, err } = await run(['validate'], { HTTPS_PROXY: 'no proxy' });
    expect({ code, lines: err.split('\n').length }).toEqual({ code: 2, lines: 2 });
    expect(err).toContain('HTTPS_PROXY');
  });

  it('reports every bad configuration in one line with exit code 2', async () => {
    const waiting = [...BAD_CONFIGS.entries()];
    const checkNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, { name, yaml, line, says }] = next;
        const path = configFile(`bad-${index}.yaml`, yaml);
        const { code, out, err } = await run(['validate', '-c', path]);
        expect({ name, code, out }).toEqual({ name, code: 2, out: '' });
        expect(err.trimEnd().split('\n'), name).toHaveLength(1);
        expect(err, name).toContain(`${path}:${line}: `);
        for (const part of says) expect(err, name).toContain(part);
      }
    };
    await Promise.all(Array.from({ length: 4 }, checkNext));
  });

  it.each(['config.sample.yaml', 'test/config/go-1.9.yaml', 'test/config/go-1.10.yaml'])(
    'accepts %s',
    async (name) => {
      const path = join(TOP, name);
      const { code, out, err } = await run(['validate', '--config', path]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`Using ${path}\n`);
      expect(out).toMatch(/Config is valid\n$/);
    },
  );

  it('finds config.yaml in the working folder, and says when it used the defaults', async () => {
    expect((await run(['validate'])).out).toBe('No config file found, using the defaults\nConfig is valid\n');
    const path = configFile('config.yaml', 'webserver: {real_ip: true}\n');
    const { code, out } = await run(['validate']);
    rmSync(path);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Using config\.yaml\nWarning: config\.yaml:1: webserver\.real_ip: .*\nConfig is valid\n$/,
    );
  });
});

describe('mistakes on the command line', () => {
  it.each<[string[], RegExp]>([
    [['validat'], /unknown command "validat"; did you mean validate\?/],
    [['validate', '--frce'], /unknown option '--frce'/],
    [['validate', '-c', 'none.yaml'], /none\.yaml: there is no such file/],
    [['validate', 'more'], /too many arguments/],
    [['create-index', '--forse'], /unknown option '--forse'.*--force/],
    [['pick', '--cert', '1'], /'--log <url>' not specified/],
    [['pick', '--log', 'ct.example/a', '--cert', '-1'], /'-1' is invalid. Use a whole number from 0/],
    [['pick', '--log', 'ftp://ct.example', '--cert', '1'], /"ftp:\/\/ct\.example" is not a URL/],
    [['demo', '--rate', 'fast'], /'fast' is invalid/],
    [['demo', '--port', '70000'], /from 0 to 65535/],
    [['watch', '--limit', '0'], /Use a whole number from 1/],
    [['watch', '--domain', ''], /Use a term that is not empty/],
    [['watch', '--regex', '('], /^`regex` "\("/],
    [['watch', '--domain', 'a.com,,b.com'], /`domain` contains an empty term/],
    [['watch', 'ftp://example.com/'], /"ftp:\/\/example\.com\/" is not the URL of a server/],
    [['watch', '--stream', 'full', 'ws://example.com/stream'], /names a stream; leave out --stream/],
    [['watch', '--stream', 'v2'], /Allowed choices are lite, full, domains/],
    [['serve', '-c'], /argument missing/],
  ])('%j: one line, exit code 2', async (args, says) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(says);
  });
});

describe('serve and demo', () => {
  const QUIET = {
    CERTSTREAM_GENERAL_DISABLE_DEFAULT_LOGS: 'true',
    CERTSTREAM_GENERAL_ADDITIONAL_LOGS: '[{"url": "http://127.0.0.1:1/dead"}]',
    CERTSTREAM_WEBSERVER_LISTEN_ADDR: '127.0.0.1',
  };

  it('serve reports a port that is in use in one line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, err } = await run(['serve'], { ...QUIET, CERTSTREAM_WEBSERVER_LISTEN_PORT: `${port}` });
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(2);
    expect(err).toBe(
      `cannot listen on 127.0.0.1:${port}: another program already listens there; stop it, or set another webserver.listen_port\n`,
    );
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'serve is the default command and stops on %s with exit code 0',
    async (signal) => {
      const port = await freePort();
      const server = start([], {
        ...QUIET,
        CERTSTREAM_WEBSERVER_LISTEN_PORT: `${port}`,
        CERTSTREAM_LOG_FORMAT: 'json',
      });
      const out = await server.printed(/streams at ws:/);
      for (const line of out.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      server.signal(signal);
      expect(await server.ended).toMatchObject({ code: 0, err: '' });
    },
  );

  it('serve --port replaces webserver.listen_port, as does --port without a command', async () => {
    for (const command of [['serve', '--port'], ['-p']]) {
      const port = await freePort();
      const server = start([...command, `${port}`], QUIET);
      await server.printed(new RegExp(`streams at ws:\\S+:${port} `));
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      server.signal('SIGTERM');
      expect(await server.ended).toMatchObject({ code: 0, err: '' });
    }
  });

  it('refuses a port that the other settings exclude', async () => {
    const metrics = { CERTSTREAM_PROMETHEUS_ENABLED: 'true', CERTSTREAM_PROMETHEUS_LISTEN_PORT: '9100' };
    const onMetrics = await run(['serve', '--port', '9100'], { ...QUIET, ...metrics });
    expect(onMetrics).toMatchObject({ code: 2, out: '' });
    expect(onMetrics.err).toMatch(/^--port 9100 is the port of the metrics; .*\n$/);
    const socket = {
      CERTSTREAM_WEBSERVER_LISTEN_TCP: 'false',
      CERTSTREAM_WEBSERVER_LISTEN_SOCKET: join(folder, 'web.sock'),
    };
    const withoutTcp = await run(['serve', '--port', '9100'], { ...QUIET, ...socket });
    expect(withoutTcp).toMatchObject({ code: 2, out: '' });
    expect(withoutTcp.err).toMatch(/^--port 9100 has no effect .*\n$/);
  });

  it.each([
    [[], true],
    [['--quiet'], false],
  ] as const)('demo %j prints the certificates: %s', async (options, prints) => {
    const demo = start(['demo', '--rate', '100', '--port', '0', ...options], {
      CERTSTREAM_WEBSERVER_LISTEN_ADDR: '127.0.0.1',
    });
    const out = await demo.printed(/Stop it with Ctrl-C/);
    const line = /^\d\d:\d\d:\d\d {2}(precert|cert {3}) {2}\S.* {2}Demo '/m;
    if (prints) await demo.printed(line);
    const socket = new WebSocket(/lite stream +(ws:\S+)/.exec(out)![1]);
    await once(socket, 'message');
    demo.signal('SIGTERM');
    const ended = await demo.ended;
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(line.test(ended.out)).toBe(prints);
  });

  it('demo streams simulated certificates, prints a notice, and leaves the journal and the cluster of the configuration alone', async () => {
    const demo = start(['demo', '--rate', '100', '--port', '0'], {
      CERTSTREAM_WEBSERVER_LISTEN_ADDR: '127.0.0.1',
      CERTSTREAM_JOURNAL_STORE: 'disk',
      CERTSTREAM_OUTPUTS: '[{"name":"lake","type":"file","path":"files"}]',
      CERTSTREAM_CLUSTER_SERVERS: '127.0.0.1:1',
    });
    const out = await demo.printed(/Stop it with Ctrl-C/);
    expect(out).toContain('simulated data');
    expect(out).toContain('get the simulated certificates: lake\n');
    const url = /lite stream +(ws:\S+)/.exec(out)![1];
    const socket = new WebSocket(url);
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(data.toString())).toMatchObject({ message_type: 'certificate_update' });
    const closed = once(socket, 'close');
    demo.signal('SIGTERM');
    expect((await closed)[0]).toBe(1001);
    expect(await demo.ended).toMatchObject({ code: 0, err: '' });
    expect(existsSync(join(folder, 'journal'))).toBe(false);
  });
});
