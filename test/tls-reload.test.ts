import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { MetricsListener } from '../src/metrics/metrics-listener.js';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
import { TlsCertificates } from '../src/web/tls/tls-certificates.js';
import { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';

let system: TestSystem;
afterEach(() => system.close());

async function shownCertificate(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

it('a renewed certificate is used for new connections while clients stay, and a broken one has no effect', async () => {
  system = await TestSystem.prepare({ logs: [{ name: 'log' }] });
  const files = { cert_path: join(system.folder, 'cert.pem'), cert_key_path: join(system.folder, 'key.pem') };
  const first = createServerCertificate(['127.0.0.1']);
  const write = ({ certPem, keyPem }: { certPem: string; keyPem: string }) => {
    writeFileSync(files.cert_path, certPem);
    writeFileSync(files.cert_key_path, keyPem);
  };
  write(first);
  const config = system.config();
  Object.assign(config.webserver, { ...files, cert_check_seconds: 0.05 });
  Object.assign(config.prometheus, {
    ...files,
    enabled: true,
    listen_addr: '0.0.0.0',
    cert_check_seconds: 0.05,
  });
  await system.startServer(config);
  await system.following();
  const { loaded } = system.server.app.get(TlsCertificates);
  const ports = [
    Number(new URL(system.server.url).port),
    system.server.app.get(MetricsListener).port ?? Number.NaN,
  ];
  const before = await Promise.all(ports.map(shownCertificate));
  const reader = await StreamReader.connect(system.server.url.replace('https', 'wss'), { ca: first.caPem });
  const all = (condition: (certificate: { reloads: number; failures: number }) => boolean) => () =>
    loaded.size === 2 && [...loaded.values()].every(condition);

  writeFileSync(files.cert_path, 'no certificate');
  await system.eventually(
    all(({ failures }) => failures > 2),
    'the broken file to be noticed',
  );
  expect(await Promise.all(ports.map(shownCertificate))).toEqual(before);
  const failed = (line: string) => line.includes('cannot renew the TLS certificate of webserver');
  expect(system.output.filter(failed)).toHaveLength(1);

  write(createServerCertificate(['127.0.0.1']));
  await system.eventually(
    all(({ reloads }) => reloads > 0),
    'the renewed certificate',
  );
  const after = await Promise.all(ports.map(shownCertificate));
  expect(new Set([...before, ...after]).size).toBe(2);
  system.simulator.log('log').append(2);
  system.simulator.log('log').publish();
  await reader.until(({ frames }) => frames.length === 2);
  reader.socket.terminate();
  for (const { notAfter } of loaded.values()) expect(notAfter).toBeGreaterThan(Date.now());
});
