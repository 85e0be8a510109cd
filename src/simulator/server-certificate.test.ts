import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity, connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createServerCertificate } from './server-certificate.js';

const HOSTS = ['localhost', '*.example.test', '127.0.0.1', '::1', '2001:db8::192.0.2.1'];

/**
 * Returns the result of a TLS handshake for `host` with a client that trusts `caPem` and a server with this
 * certificate.
 */
async function handshake(
  host: string,
  certPem: string,
  keyPem: string,
  caPem: string,
): Promise<Error | undefined> {
  const server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({
    host: '127.0.0.1',
    port,
    ca: caPem,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  try {
    await once(client, 'secureConnect');
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    client.destroy();
    server.close();
  }
}

describe('createServerCertificate', () => {
  it('is accepted by a TLS client for every host, and for no other', async () => {
    const { certPem, keyPem, caPem } = createServerCertificate(HOSTS);
    for (const host of ['localhost', 'www.example.test', '127.0.0.1']) {
      expect(await handshake(host, certPem, keyPem, caPem)).toBeUndefined();
    }
    expect(await handshake('other.test', certPem, keyPem, caPem)).toBeInstanceOf(Error);
    const stranger = createServerCertificate(HOSTS);
    expect(await handshake('localhost', certPem, keyPem, stranger.caPem)).toBeInstanceOf(Error);
  });

  it('can be expired, or issued by a given CA', async () => {
    const { ca, caPem } = createServerCertificate(HOSTS);
    const other = createServerCertificate(HOSTS, { ca });
    expect(await handshake('localhost', other.certPem, other.keyPem, caPem)).toBeUndefined();
    const notBefore = Date.now() - 91 * 86_400_000;
    const expired = createServerCertificate(HOSTS, { ca, notBefore });
    expect(await handshake('localhost', expired.certPem, expired.keyPem, caPem)).toMatchObject({
      code: 'CERT_HAS_EXPIRED',
    });
  });

  it('supports IPv6 addresses', () => {
    // OpenSSL checks this, since `tls.checkServerIdentity` of Node 22.23 matches no IPv6 address.
    const certificate = new X509Certificate(createServerCertificate(HOSTS).certPem);
    expect(certificate.checkIP('::1')).toBe('::1');
    expect(certificate.checkIP('2001:db8::c000:201')).toBe('2001:db8::c000:201');
    expect(certificate.checkIP('::2')).toBeUndefined();
  });

  it('contains its hosts as DNS names and IP addresses', () => {
    const { subjectAltName } = new X509Certificate(createServerCertificate(HOSTS).certPem);
    expect(subjectAltName).toBe(
      'DNS:localhost, DNS:*.example.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, ' +
        'IP Address:2001:DB8:0:0:0:0:C000:201',
    );
  });
});
