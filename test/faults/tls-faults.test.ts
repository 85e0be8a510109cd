import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestProxy } from '../../src/http1/testing/test-proxy.js';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { createServerCertificate } from '../../src/simulator/server-certificate.js';
import { freePort } from '../../src/testing/free-port.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { samplesOf } from '../support/metrics.js';
import { type RunningCli, startCli } from '../../src/testing/cli-process.js';
import { StreamReader } from '../../src/testing/stream-reader.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';

const INITIAL = 10;
const GROWN = 30;
const HOURS = 3_600_000;
const good = createServerCertificate(['127.0.0.1']);

/** Certificates that a log presents instead of its own. */
const WRONG = {
  'the certificate of another host': createServerCertificate(['other.example'], { ca: good.ca }),
  'an expired certificate': createServerCertificate(['127.0.0.1'], {
    ca: good.ca,
    notBefore: Date.now() - 100 * 24 * HOURS,
  }),
  'a certificate that is not valid yet': createServerCertificate(['127.0.0.1'], {
    ca: good.ca,
    notBefore: Date.now() + 24 * HOURS,
  }),
  'a certificate of an unknown CA': createServerCertificate(['127.0.0.1']),
};

/** The server runs in its own process, since Node reads the trusted CA only when it starts. */
describe.each(['directly', 'through the tunnels of a proxy'])('TLS, %s', (route) => {
  const remotes: CtLogSimulator[] = [];
  let proxy: TestProxy;
  let system: TestSystem;
  let server: RunningCli;
  let indices: LogIndices;
  let url: string;

  async function errorsOf(log: { readonly url: string }): Promise<number> {
    const name = log.url.replace(/^https:\/\/|\/$/g, '');
    const samples = samplesOf(await (await fetch(`${url.replace('ws', 'http')}metrics`)).text());
    const found = [...samples].find(
      ([key]) =>
        key.startsWith('log_errors_total') && key.includes(`"${name}"`) && key.includes('CT_NETWORK'),
    );
    return found?.[1] ?? 0;
  }

  beforeAll(async () => {
    while (remotes.length < Object.keys(WRONG).length) {
      const logs = [{ name: 'remote', initialEntries: INITIAL }];
      remotes.push(await CtLogSimulator.start({ certificates: 20, tls: good, logs }));
    }
    const additional = remotes.map(({ logs: [log] }, i) => ({
      url: log.url,
      operator: 'Remote',
      description: `remote ${i}`,
      key: log.key.spki.toString('base64'),
    }));
    const port = await freePort();
    system = await TestSystem.prepare({
      config: {
        general: { additional_logs: additional, disable_default_logs: true },
        prometheus: { enabled: true, listen_addr: '127.0.0.1', listen_port: port },
      },
    });
    proxy = await TestProxy.start();
    const ca = join(system.folder, 'ca.pem');
    writeFileSync(ca, good.caPem);
    server = startCli(['serve', '-c', system.configFile(port)], {
      cwd: system.folder,
      env: { NODE_EXTRA_CA_CERTS: ca, ...(route === 'directly' ? {} : { HTTPS_PROXY: proxy.url }) },
    });
    [, url] = /streams at (ws:\S+)\s/.exec(await server.printed(/streams at ws:\S+\s/))!;
    url = url.replace(/\/?$/, '/');
    const ready = `${url.replace('ws', 'http')}readyz`;
    await system.eventually(async () => {
      const health = (await (await fetch(ready)).json()) as { logs: { following: number } };
      return health.logs.following === remotes.length;
    }, 'all logs to be followed');
    indices = new LogIndices(await StreamReader.connect(url));
    Object.values(WRONG).forEach((certificate, i) => remotes[i].setCertificate(certificate));
    // Pending handshakes in a tunnel would still present the old certificates.
    for (const socket of proxy.sockets) socket.destroy();
    for (const { logs } of remotes) {
      logs[0].append(GROWN - INITIAL);
      logs[0].publish();
    }
  });

  afterAll(async () => {
    server?.signal('SIGKILL');
    await server?.ended;
    await Promise.all(remotes.map((remote) => remote.close()));
    await system?.close();
    await proxy?.stop();
  });

  it('uses this route', () => {
    const hosts = new Set(remotes.map(({ logs: [log] }) => `CONNECT ${new URL(log.url).host}`));
    expect(new Set(proxy.requests)).toEqual(route === 'directly' ? new Set() : hosts);
  });

  for (const [i, fault] of Object.keys(WRONG).entries()) {
    it(`${fault} → no request is sent over such a connection; ${NOTHING_LOST}`, async () => {
      const [log] = remotes[i].logs;
      await system.eventually(async () => (await errorsOf(log)) > 0, 'the failure');
      const before = log.requests.total;
      await system.eventually(async () => (await errorsOf(log)) > 1, 'the next failure');
      expect(log.requests.total).toBe(before);
      expect(indices.of(log)).toEqual([]);
      remotes[i].setCertificate(good);
      await indices.upTo(GROWN, log);
      expect(indices.of(log)).toEqual(range(INITIAL, GROWN));
    });
  }
});
