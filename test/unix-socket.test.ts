import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { Admission } from '../src/web/admission.js';
import { PendingConnections } from '../src/web/limits/pending-connections.js';
import { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';

let system: TestSystem;
afterEach(() => system.close());

async function prepare(): Promise<string> {
  system = await TestSystem.prepare({ logs: [{ name: 'log' }] });
  return join(system.folder, 'web.sock');
}

async function start(webserver: Record<string, unknown>): Promise<void> {
  const config = system.config();
  Object.assign(config.webserver, webserver);
  await system.startServer(config);
  await system.following();
}

async function status(socketPath: string, headers: Record<string, string> = {}): Promise<number> {
  const request = httpRequest({ socketPath, path: '/healthz', headers, agent: false });
  const answered = once(request, 'response');
  request.end();
  const [response] = (await answered) as [{ statusCode: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

async function streams(url: string): Promise<void> {
  const reader = await StreamReader.connect(url);
  system.simulator.log('log').append(2);
  system.simulator.log('log').publish();
  await reader.until(({ frames }) => frames.length >= 2);
  reader.socket.close();
  await reader.closed;
}

const names = () => [...system.server.app.get(StreamClients).audiences.lite.clients].map((c) => c.address);

describe('webserver.listen_socket', () => {
  it('serves in addition to TCP, with the configured permissions, and disappears with the server', async () => {
    const path = await prepare();
    await start({ listen_socket: path, listen_socket_mode: '0600' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await streams(`ws+unix://${path}:/`);
    await streams(system.server.url.replace('http', 'ws'));
    expect(await status(path)).toBe(200);
    const [a, b] = [new WebSocket(`ws+unix://${path}:/`), new WebSocket(`ws+unix://${path}:/`)];
    await Promise.all([once(a, 'open'), once(b, 'open')]);
    await system.eventually(() => names().length === 2, 'both clients');
    expect(new Set(names()).size).toBe(2);
    expect(names().every((name) => /^unix:\d+$/.test(name))).toBe(true);
    const closed = Promise.all([once(a, 'close'), once(b, 'close')]);
    await system.server.stop();
    expect((await closed).map(([code]) => code as number)).toEqual([1001, 1001]);
    expect(existsSync(path)).toBe(false);
  });

  it('serves plain HTTP in addition to TLS, and counts its connections', async () => {
    const path = await prepare();
    const { certPem, keyPem } = createServerCertificate(['127.0.0.1']);
    const files = { cert_path: join(system.folder, 'c.pem'), cert_key_path: join(system.folder, 'k.pem') };
    writeFileSync(files.cert_path, certPem);
    writeFileSync(files.cert_key_path, keyPem);
    await start({ listen_socket: path, ...files });
    expect(await status(path)).toBe(200);
    await streams(`ws+unix://${path}:/`);
    const [admission, pending] = [
      system.server.app.get(Admission),
      system.server.app.get(PendingConnections),
    ];
    await system.eventually(() => admission.connections === 0 && pending.count === 0, 'no slots');
  });

  it('serves without TCP', async () => {
    const path = await prepare();
    await start({ listen_socket: path, listen_tcp: false });
    expect(system.server.url).toBe(`http+unix://${encodeURIComponent(path)}`);
    expect(await status(path)).toBe(200);
    await streams(`ws+unix://${path}:/full-stream`);
    await system.server.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('applies the whitelist only to the addresses that its proxy forwards', async () => {
    const path = await prepare();
    await start({ listen_socket: path, real_ip: true, whitelist: ['192.0.2.0/24'] });
    expect(await status(path)).toBe(200);
    expect(await status(path, { 'X-Forwarded-For': '192.0.2.1' })).toBe(200);
    expect(await status(path, { 'X-Forwarded-For': '198.51.100.1' })).toBe(403);
    expect((await system.get('/healthz')).status).toBe(403);
    const socket = new WebSocket(`ws+unix://${path}:/`, { headers: { 'X-Real-IP': '192.0.2.7' } });
    await once(socket, 'open');
    await system.eventually(() => names().length === 1, 'the client');
    expect(names()[0]).toMatch(/^192\.0\.2\.7\/unix:\d+$/);
    socket.terminate();
  });

  it('replaces the socket file of a dead server, but no other file', async () => {
    const path = await prepare();
    const other = createServer();
    other.listen(path);
    await once(other, 'listening');
    await expect(start({ listen_socket: path })).rejects.toMatchObject({ code: 'WEB_SOCKET_IN_USE' });
    expect(existsSync(path)).toBe(true);
    // Closing would remove the file, but a killed server leaves it.
    const dead = join(system.folder, 'dead.sock');
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(dead)}, () => console.log('up'))`,
    ]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(dead)).toBe(true);
    await start({ listen_socket: dead });
    expect(await status(dead)).toBe(200);
    await system.server.stop();
    const file = join(system.folder, 'notes.txt');
    writeFileSync(file, 'keep me');
    await expect(start({ listen_socket: file })).rejects.toMatchObject({ code: 'WEB_SOCKET_TAKEN' });
    expect(existsSync(file)).toBe(true);
    await expect(start({ listen_socket: join(system.folder, 'no/such.sock') })).rejects.toMatchObject({
      code: 'WEB_LISTEN_FAILED',
    });
    await new Promise((resolve) => other.close(resolve));
  });
});
