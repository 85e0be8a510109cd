import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createHttpsServer, request } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServerCertificate } from '../simulator/server-certificate.js';
import { limitServer, listen, tlsOptions } from './listener.js';

const ADDRESS = { listen_addr: '127.0.0.1', listen_port: 0, cert_check_seconds: 0 };

async function pemFiles() {
  const directory = await mkdtemp(join(tmpdir(), 'listener-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const { certPem, keyPem, caPem } = createServerCertificate(['localhost', '127.0.0.1']);
  const files = { cert_path: join(directory, 'cert.pem'), cert_key_path: join(directory, 'key.pem') };
  await writeFile(files.cert_path, certPem);
  await writeFile(files.cert_key_path, keyPem);
  return { files, caPem };
}

const LIMITS = { handshake_timeout_seconds: 10, max_header_bytes: 16_384 };

describe(tlsOptions.name, () => {
  it('returns undefined for plain HTTP', async () => {
    expect(await tlsOptions({ ...ADDRESS, cert_path: '', cert_key_path: '' }, LIMITS)).toBeUndefined();
  });

  it('configures an HTTPS server that refuses TLS versions before 1.2', async () => {
    const { files, caPem } = await pemFiles();
    const tls = await tlsOptions({ ...ADDRESS, ...files }, LIMITS);
    const server = createHttpsServer(tls!, (_request, response) => response.end('hello'));
    server.on('tlsClientError', () => undefined);
    onTestFinished(() => {
      server.close().closeAllConnections();
    });
    await listen(server, 'webserver', '127.0.0.1', 0);
    const { port } = server.address() as AddressInfo;
    const call = request({ host: '127.0.0.1', port, ca: caPem }).end();
    const [response] = (await once(call, 'response')) as [NodeJS.ReadableStream];
    expect(await text(response)).toBe('hello');
    const old = connectTls({
      host: '127.0.0.1',
      port,
      ca: caPem,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
  });

  it.each([
    ['a missing file', { cert_path: '/nonexistent/cert.pem', cert_key_path: '/nonexistent/key.pem' }],
    ['only one of the two', { cert_path: '', cert_key_path: '/nonexistent/key.pem' }],
  ])('refuses %s', async (_what, files) => {
    await expect(tlsOptions({ ...ADDRESS, ...files }, LIMITS)).rejects.toMatchObject({
      code: 'WEB_TLS_UNUSABLE',
    });
  });

  it('refuses a key of another certificate', async () => {
    const [one, other] = [await pemFiles(), await pemFiles()];
    const files = { cert_path: one.files.cert_path, cert_key_path: other.files.cert_key_path };
    await expect(tlsOptions({ ...ADDRESS, ...files }, LIMITS)).rejects.toMatchObject({
      code: 'WEB_TLS_UNUSABLE',
    });
  });
});

describe(listen.name, () => {
  it('reports the address and the reason if the port is in use', async () => {
    const first = createServer();
    onTestFinished(() => {
      first.close();
    });
    await listen(first, 'webserver', '127.0.0.1', 0);
    const { port } = first.address() as AddressInfo;
    await expect(listen(createServer(), 'webserver', '127.0.0.1', port)).rejects.toMatchObject({
      code: 'WEB_PORT_IN_USE',
      message: `cannot listen on 127.0.0.1:${port}: another program already listens there; stop it, or set another webserver.listen_port`,
    });
  });

  it('reports an address that this machine does not have', async () => {
    await expect(listen(createServer(), 'webserver', '203.0.113.1', 0)).rejects.toMatchObject({
      code: 'WEB_LISTEN_FAILED',
      message: expect.stringContaining('no interface of this machine has that address'),
    });
  });
});

describe(limitServer.name, () => {
  it('makes the server answer 431 to a header that is too long', async () => {
    const server = createServer();
    limitServer(server, LIMITS);
    onTestFinished(() => {
      server.close();
    });
    await listen(server, 'webserver', '127.0.0.1', 0);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 431 /);
    expect(server.timeout).toBeGreaterThan(0);
    for (const limit of [server.headersTimeout, server.requestTimeout, server.keepAliveTimeout]) {
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThanOrEqual(15_000);
    }
  });
});
