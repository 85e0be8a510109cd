import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../src/testing/free-port.js';
import { type RunningCli, startCli } from '../src/testing/cli-process.js';

let folder: string;
let port: number;
let cli: RunningCli | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-unquoted-'));
  port = await freePort();
});
afterEach(async () => {
  cli?.signal('SIGKILL');
  await cli?.ended;
  rmSync(folder, { recursive: true });
});

const statusWith = async (token: string) => {
  const headers = { Authorization: `Bearer ${token}` };
  const { status } = await fetch(`http://127.0.0.1:${port}/logs`, { headers });
  return status;
};

async function serve(config: string, env: Record<string, string> = {}): Promise<void> {
  writeFileSync(join(folder, 'config.yaml'), config);
  cli = startCli(['serve', '-c', 'config.yaml'], { cwd: folder, env });
  await cli.printed(/streams at /);
}

/** A log on port 9 (discard), where nothing listens. */
const ONE_LOG = `general:
  disable_default_logs: true
  additional_logs:
    - url: http://127.0.0.1:9/log
`;

it('tokens and modes without quotes → the characters as written are valid, and the values that YAML would read are not', async () => {
  await serve(`${ONE_LOG}webserver:
  listen_addr: 127.0.0.1
  listen_port: ${port}
  listen_socket: ./web.sock
  listen_socket_mode: 0o660
auth:
  tokens:
    - name: a
      token: 0012345678901234
    - name: b
      token: 12345678901234567890
    - name: c
      token: 1e3
`);
  const written = ['0012345678901234', '12345678901234567890', '1e3'];
  const misread = ['12345678901234', '12345678901234567000', '12345678901234567168', '1000', ''];
  expect(await Promise.all(written.map(statusWith))).toEqual([200, 200, 200]);
  expect(await Promise.all(misread.map(statusWith))).toEqual([401, 401, 401, 401, 401]);
  expect((statSync(join(folder, 'web.sock')).mode & 0o777).toString(8)).toBe('660');
});

it('tokens and modes in variables mean the characters as written', async () => {
  await serve(`${ONE_LOG}webserver: {listen_addr: 127.0.0.1, listen_port: ${port}}\n`, {
    CERTSTREAM_AUTH_TOKENS: '[{"name": "a", "token": 0012345678901234}]',
    CERTSTREAM_WEBSERVER_LISTEN_SOCKET: './web.sock',
    CERTSTREAM_WEBSERVER_LISTEN_SOCKET_MODE: '0o660',
  });
  expect(await statusWith('0012345678901234')).toBe(200);
  expect(await statusWith('12345678901234')).toBe(401);
  expect((statSync(join(folder, 'web.sock')).mode & 0o777).toString(8)).toBe('660');
});
