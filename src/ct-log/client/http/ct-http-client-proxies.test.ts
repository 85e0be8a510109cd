import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ScriptedServer } from '../../../../test/support/scripted-server.js';
import { CtHttpClient, type CtHttpOptions } from './ct-http-client.js';

const options: CtHttpOptions = {
  userAgent: 'test/1 (+https://example.net)',
  timeoutMs: 5000,
  maxResponseBytes: 10_000,
  compression: true,
};
let server: ScriptedServer;
let client: CtHttpClient;

beforeEach(async () => {
  server = await ScriptedServer.start((_request, response) => response.end('hello'));
  client = new CtHttpClient(options);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await client.close();
  await server.stop();
});

describe('CtHttpClient and proxies', () => {
  it.each(['proxy:3128', '::'])('names the variable if %s is not the URL of a proxy', (proxy) => {
    vi.stubEnv('http_proxy', proxy);
    expect(() => new CtHttpClient(options)).toThrow(
      expect.objectContaining({ code: 'CONFIG_PROXY', message: expect.stringContaining('HTTP_PROXY') }),
    );
  });

  it('names the addresses of a proxy that does not listen', async () => {
    const { url } = server;
    await server.stop();
    vi.stubEnv('http_proxy', url);
    const proxied = new CtHttpClient(options);
    await expect(proxied.get('http://log.example.net/')).rejects.toMatchObject({
      code: 'CT_NETWORK',
      message: expect.stringContaining('no connection to 127.0.0.1: 127.0.0.1 ECONNREFUSED'),
    });
    await proxied.close();
  });

  it('uses HTTP_PROXY, except for the hosts of NO_PROXY', async () => {
    const seen: string[] = [];
    const proxy = createTcpServer((socket) =>
      socket.once('data', (data) => {
        seen.push(data.toString('latin1').split('\r\n')[0]);
        socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      }),
    );
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('no_proxy', '127.0.0.1');
    const proxied = new CtHttpClient(options);
    await expect(proxied.get('http://log.example.net/ct/v1/get-sth')).rejects.toMatchObject({
      code: expect.stringMatching(/^CT_/),
    });
    expect(seen[0]).toContain('log.example.net');
    expect((await proxied.get(server.url)).toString()).toBe('hello');
    await proxied.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
