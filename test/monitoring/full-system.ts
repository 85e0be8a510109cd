import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Module } from '@nestjs/common';
import { MetricsListener } from '../../src/metrics/metrics-listener.js';
import { type MetricContribution, MetricSource } from '../../src/public-api.js';
import { createServerCertificate } from '../../src/simulator/server-certificate.js';
import { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { ODD_CERTIFICATES } from '../support/odd-entries.js';

/** Contributes metrics that cannot be read, so that the server counts a failure. */
@MetricSource()
class Unreadable implements MetricContribution {
  metrics(): never {
    throw new Error('out of order');
  }
}

@Module({ providers: [Unreadable] })
class UnreadableModule {}

/** A server that has a value for every metric, as far as this takes no minutes. */
export interface FullSystem {
  readonly system: TestSystem;
  /** Address of the metrics. */
  readonly url: string;
  /** Returns the metrics. */
  readonly exposition: (headers?: Record<string, string>) => Promise<string>;
}

/**
 * Starts a server with logs of both kinds, an output, clients, a journal on the disk and TLS; entries that cannot be read, a failing
 * request and a refused one. The metrics are on a listener of their own without TLS.
 */
export async function startFullSystem(): Promise<FullSystem> {
  const certificate = createServerCertificate(['127.0.0.1']);
  const system: TestSystem = await TestSystem.prepare({
    logs: [
      { name: 'a', initialEntries: 20 },
      { name: 'b', initialEntries: 20, protocol: 'static-ct' },
    ],
    config: () => {
      const path = join(system.folder, 'journal');
      mkdirSync(path, { recursive: true });
      return {
        journal: { store: 'disk', path },
        general: { recovery: { enabled: true, ct_index_file: join(system.folder, 'ct_index.json') } },
        outputs: [{ name: 'archive', type: 'file', path: join(system.folder, 'files') }],
      };
    },
    imports: [UnreadableModule],
  });
  const config = system.config();
  const files = { cert_path: join(system.folder, 'cert.pem'), cert_key_path: join(system.folder, 'key.pem') };
  writeFileSync(files.cert_path, certificate.certPem);
  writeFileSync(files.cert_key_path, certificate.keyPem);
  Object.assign(config.webserver, files, { compression_enabled: true });
  Object.assign(config.prometheus, { enabled: true, listen_addr: '0.0.0.0', expose_system_metrics: true });
  await system.startServer(config);
  await system.following();

  const client = await StreamReader.connect(system.url.replace('https', 'wss'), { ca: certificate.caPem });
  const [log, tiled] = system.simulator.logs;
  log.faults.add({ endpoint: 'get-entries', kind: 'status', status: 500, times: 1 });
  for (const { leafInput, extraData } of ODD_CERTIFICATES) log.appendRaw({ leafInput, extraData });
  log.publish();
  tiled.append(5);
  tiled.publish();
  await client.until(({ frames }) => frames.length >= ODD_CERTIFICATES.length + 5);

  // A request that is no HTTP is refused.
  const socket = connect({
    port: Number(new URL(system.url).port),
    host: '127.0.0.1',
    ca: certificate.caPem,
  });
  socket.resume().end('?\r\n\r\n');
  await once(socket, 'close');

  const port = system.server.app.get(MetricsListener, { strict: false }).port;
  const url = `http://127.0.0.1:${port}/metrics`;
  const exposition = async (headers: Record<string, string> = {}): Promise<string> => {
    const response = await fetch(url, { headers });
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    return response.text();
  };
  return { system, url, exposition };
}
