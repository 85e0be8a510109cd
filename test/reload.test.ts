import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningCli, startCli } from '../src/testing/cli-process.js';
import { freePort } from '../src/testing/free-port.js';

const KEPT = 'kept-token-0123456789';
const CHANGED = 'changed-token-0123456789';
const ADDED = 'added-token-0123456789';

let folder: string;
let cli: RunningCli | undefined;
let port: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-reload-'));
  port = await freePort();
});
afterEach(async () => {
  cli?.signal('SIGKILL');
  await cli?.ended;
  rmSync(folder, { recursive: true });
});

function write(auth: object, changes: { readonly webserver?: object; readonly stream?: object } = {}): void {
  const listen = { listen_addr: '127.0.0.1', listen_port: port };
  const config = {
    webserver: { ...listen, ...changes.webserver },
    prometheus: { ...listen },
    general: { disable_default_logs: true, additional_logs: [{ url: 'http://127.0.0.1:1/dead' }] },
    auth,
    ...(changes.stream && { stream: changes.stream }),
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
}

async function connect(token: string): Promise<WebSocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${token}`);
  socket.on('error', () => undefined);
  return Promise.race([
    once(socket, 'open').then(() => socket),
    once(socket, 'unexpected-response').then(
      ([, response]) => (response as { statusCode: number }).statusCode,
    ),
  ]);
}

async function connected(token: string): Promise<WebSocket> {
  const socket = await connect(token);
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
  return socket;
}

it('SIGHUP changes tokens and limits while clients stay, names what needs a restart, and survives mistakes', async () => {
  const kept = { name: 'kept', token: KEPT };
  write({ tokens: [kept, { name: 'changed', token: CHANGED }] });
  cli = startCli(['serve'], { cwd: folder });
  await cli.printed(/streams at/);
  const [stays, goes] = [await connected(KEPT), await connected(CHANGED)];
  expect(await connect(ADDED)).toBe(401);

  write(
    {
      tokens: [kept, { name: 'changed', token: CHANGED, streams: ['full'] }, { name: 'added', token: ADDED }],
    },
    { webserver: { limits: { max_connections: 2 } }, stream: { max_batch_delay_ms: 1 } },
  );
  const closed = once(goes, 'close');
  cli.signal('SIGHUP');
  await cli.printed(/reloaded the configuration: webserver\.limits\.max_connections, auth\.tokens/);
  await cli.printed(/these changes need a restart: stream\.max_batch_delay_ms/);
  await closed;
  expect(await connect(CHANGED)).toBe(403);
  await connected(ADDED);
  expect(await connect(KEPT)).toBe(503);
  expect(stays.readyState).toBe(WebSocket.OPEN);

  writeFileSync(join(folder, 'config.yaml'), 'webserver: { listen_port: none }');
  cli.signal('SIGHUP');
  await cli.errorPrinted(/the configuration was not reloaded:\n.*listen_port/);
  expect(await connect(CHANGED)).toBe(403);

  write({ tokens: [] }, { webserver: { whitelist: ['192.0.2.1'] } });
  cli.signal('SIGHUP');
  await cli.printed(/webserver\.whitelist/);
  expect(await connect(KEPT)).toBe(403);
  cli.signal('SIGTERM');
  expect(await cli.ended).toMatchObject({ code: 0 });
});

it('SIGHUP changes the origins of all pages, and keeps the clients of a token whose limit changes', async () => {
  const kept = { name: 'kept', token: KEPT };
  write({ tokens: [kept] }, { webserver: { allowed_origins: ['https://one.example'] } });
  cli = startCli(['serve'], { cwd: folder });
  await cli.printed(/streams at/);
  const stays = await connected(KEPT);
  const page = (path: string, headers = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const readableBy = async (origin: string): Promise<string | null> =>
    (await page(`/logs?token=${KEPT}`, { origin })).headers.get('access-control-allow-origin');
  const needsToken = async (): Promise<unknown> =>
    ((await (await page('/dashboard/config.json')).json()) as { tokens_required: unknown }).tokens_required;
  expect([await readableBy('https://one.example'), await needsToken()]).toEqual([
    'https://one.example',
    true,
  ]);

  write(
    { tokens: [{ ...kept, max_connections: 1 }] },
    { webserver: { allowed_origins: ['https://two.example'] } },
  );
  cli.signal('SIGHUP');
  await cli.printed(/reloaded the configuration: webserver\.allowed_origins, auth\.tokens\s/);
  expect(await readableBy('https://one.example')).toBe(null);
  expect(await readableBy('https://two.example')).toBe('https://two.example');
  expect(await connect(KEPT)).toBe(429);
  expect(stays.readyState).toBe(WebSocket.OPEN);

  write({ tokens: [] });
  cli.signal('SIGHUP');
  await cli.printed(/auth\.tokens\s[^]*auth\.tokens/);
  expect(await needsToken()).toBe(false);
  expect(stays.readyState).toBe(WebSocket.OPEN);
});
