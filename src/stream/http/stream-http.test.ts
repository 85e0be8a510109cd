import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { emptyEntries, startStreamApp } from '../../../test/support/stream-app.js';
import { StreamReader } from '../../testing/stream-reader.js';

const UPGRADE = [
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Sends one raw request and returns the whole answer. The server must close the connection. */
async function raw(port: number, target: string, headers: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
  return text(socket);
}

async function refusal(url: string): Promise<number | undefined> {
  const socket = new WebSocket(url);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  return response.statusCode;
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return response.json();
}

describe('the upgrade', () => {
  const config = {
    webserver: { full_url: '/everything', lite_url: '/ct/lite/', domains_only_url: '/names' },
  };

  it.each(['/everything', '/everything/', '/everything?x=1', '/everything/?a=/b/', '/ct/lite', '/ct/lite/'])(
    'finds the configured path %s',
    async (path) => {
      const { ws, stream } = await startStreamApp({ config });
      const reader = await StreamReader.connect(ws + path);
      stream.publish(emptyEntries(0, 1));
      await reader.until(({ frames }) => frames.length === 1);
      expect(reader.frames[0].includes('"chain"')).toBe(path.startsWith('/everything'));
    },
  );

  it('finds an absolute request target', async () => {
    const { port } = await startStreamApp();
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET http://localhost/full-stream HTTP/1.1\r\n${UPGRADE.join('\r\n')}\r\n\r\n`);
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1.1 101 /);
    socket.destroy();
  });

  it('answers an unknown path with 404 and a JSON body', async () => {
    const { ws, port } = await startStreamApp({ config });
    for (const path of ['/', '/full-stream', '/everything/more', '/EVERYTHING', '//names/more']) {
      expect(await refusal(ws + path), path).toBe(404);
    }
    const answer = await raw(port, '/nothing', UPGRADE);
    expect(answer).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
    expect(answer).toMatch(/\r\ncontent-type: application\/json/i);
    expect(answer.endsWith('\r\n\r\n{"error":"Not Found","code":"NOT_FOUND"}')).toBe(true);
  });

  it.each(['/', '/nothing'])(
    'cuts a client that requests an upgrade at %s before its previous request is answered',
    async (path) => {
      const { port, http } = await startStreamApp();
      const socket = connect(port, '127.0.0.1');
      const upgrade = `GET ${path} HTTP/1.1\r\n${UPGRADE.join('\r\n')}\r\n\r\n`;
      socket.write(`GET /latest.json HTTP/1.1\r\nHost: localhost\r\n\r\n${upgrade}`);
      expect(await text(socket)).not.toContain('101 Switching');
      expect((await fetch(`${http}/latest.json`)).status).toBe(503);
    },
  );

  it('answers a malformed handshake with 400', async () => {
    const { port } = await startStreamApp();
    for (const missing of ['Sec-WebSocket-Key', 'Sec-WebSocket-Version']) {
      const headers = UPGRADE.filter((header) => !header.startsWith(missing));
      expect(await raw(port, '/', headers), missing).toMatch(/^HTTP\/1.1 400 /);
    }
  });

  it('accepts any origin', async () => {
    const { ws } = await startStreamApp();
    const reader = await StreamReader.connect(`${ws}/`, { origin: 'https://elsewhere.example' });
    await reader.close();
  });

  it('refuses a client that is not on the whitelist, as plain HTTP does', async () => {
    const { ws, http } = await startStreamApp({ config: { webserver: { whitelist: ['192.0.2.0/24'] } } });
    expect(await refusal(`${ws}/`)).toBe(403);
    expect(await refusal(`${ws}/nothing`)).toBe(403);
    for (const path of ['/', '/example.json', '/nothing']) {
      const response = await fetch(http + path);
      expect(response.status, path).toBe(403);
      expect(await response.json()).toEqual({ error: 'Forbidden', code: 'WHITELIST' });
    }
  });

  it('takes the address of the client from a trusted proxy', async () => {
    const webserver = { whitelist: ['192.0.2.0/24'], real_ip: true, trusted_proxies: ['127.0.0.1'] };
    const { ws } = await startStreamApp({ config: { webserver } });
    const reader = await StreamReader.connect(`${ws}/`, { headers: { 'X-Forwarded-For': '192.0.2.9' } });
    await reader.close();
    expect(await refusal(`${ws}/`)).toBe(403);
  });

  it('reads the address that a proxy appends to any number of headers', async () => {
    const webserver = { whitelist: ['127.0.0.0/8'], real_ip: true, trusted_proxies: ['127.0.0.1'] };
    const { port } = await startStreamApp({ config: { webserver } });
    const many = Array.from({ length: 2500 }, (_, i) => `${i}:`);
    const headers = ['Host: x', ...many, 'X-Forwarded-For: 198.51.100.7', 'Connection: close'];
    expect(await raw(port, '/healthz', headers)).toMatch(/^HTTP\/1.1 403 /);
  });

  it('ignores an offer of another protocol and answers the request', async () => {
    const { port } = await startStreamApp();
    const answer = await raw(port, '/example.json', ['Host: x', 'Connection: Upgrade', 'Upgrade: h2c']);
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
  });
});

describe('examples', () => {
  const paths = ['/example.json', '/full-stream/example.json', '/domains-only/example.json', '/latest.json'];

  it('are answered with 503 and a JSON body before the first entry', async () => {
    const { http } = await startStreamApp();
    for (const path of paths) {
      const response = await fetch(http + path);
      expect(response.status, path).toBe(503);
      expect(await response.json()).toEqual({ error: expect.any(String), code: 'API_NO_ENTRY' });
    }
  });

  it('show the newest entry of each stream', async () => {
    const { http, stream } = await startStreamApp();
    stream.publish(emptyEntries(10, 3));
    for (const path of ['/example.json', '/example.json/', '/full-stream/example.json?x']) {
      expect(await getJson(http + path)).toMatchObject({ data: { cert_index: 12 } });
    }
    expect(await getJson(`${http}/full-stream/example.json`)).toHaveProperty('data.chain');
    expect(await getJson(`${http}/example.json`)).not.toHaveProperty('data.chain');
    expect(await getJson(`${http}/domains-only/example.json`)).toEqual({
      data: [],
      message_type: 'dns_entries',
    });
  });

  it('list the 25 newest lite messages, newest first', async () => {
    const { http, stream } = await startStreamApp();
    stream.publish(emptyEntries(0, 2));
    const list = async () => {
      const { messages } = (await getJson(`${http}/latest.json`)) as { messages: { data: unknown }[] };
      return messages.map(({ data }) => (data as { cert_index: number }).cert_index);
    };
    expect(await list()).toEqual([1, 0]);
    for (let i = 2; i < 100; i += 7) stream.publish(emptyEntries(i, 7));
    expect(await list()).toEqual(Array.from({ length: 25 }, (_, i) => 99 - i));
  });

  it('follow the configured paths', async () => {
    const webserver = { full_url: '/', lite_url: '/lite', domains_only_url: '/a/names/' };
    const { http, stream } = await startStreamApp({ config: { webserver } });
    stream.publish(emptyEntries(0, 1));
    expect(await getJson(`${http}/example.json`)).toHaveProperty('data.chain');
    expect(await getJson(`${http}/lite/example.json`)).not.toHaveProperty('data.chain');
    expect(await getJson(`${http}/a/names/example.json`)).toHaveProperty('message_type', 'dns_entries');
    expect((await fetch(`${http}/domains-only/example.json`)).status).toBe(404);
  });
});

describe('plain HTTP', () => {
  it('gets 200 for HEAD on a stream path, as load balancers expect', async () => {
    const { http } = await startStreamApp();
    for (const path of ['/', '/full-stream', '/domains-only'])
      expect((await fetch(`${http}${path}`, { method: 'HEAD' })).status, path).toBe(200);
  });

  it('gets 426 for a stream path', async () => {
    const { http } = await startStreamApp();
    for (const path of ['/', '/full-stream', '/full-stream/', '/domains-only?x']) {
      const response = await fetch(http + path);
      expect(response.status, path).toBe(426);
      expect(response.headers.get('upgrade')).toBe('websocket');
      expect(await response.json()).toEqual({
        error: expect.stringContaining('WebSocket'),
        code: 'UPGRADE_REQUIRED',
      });
    }
  });

  it('gets 404 and JSON for unknown paths, 405 for other methods', async () => {
    const { http } = await startStreamApp();
    const unknown = await fetch(`${http}/nothing`);
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await unknown.json()).toHaveProperty('error');
    expect((await fetch(`${http}/example.json`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${http}/example.json`, { method: 'HEAD' })).status).toBe(503);
  });

  it('does not reveal the server software in its headers', async () => {
    const { http } = await startStreamApp();
    for (const path of ['/', '/nothing']) {
      expect((await fetch(http + path)).headers.has('x-powered-by')).toBe(false);
    }
  });
});
