import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { CertificateUpdate, LeafCert } from '../src/certificate/certificate-message.js';
import {
  certificate,
  extension,
  hex,
  integer,
  name,
  octets,
  oid,
  sequence,
  subjectAltName,
  tlv,
} from '../src/certificate/testing/der-builder.js';
import type { RawEntry } from '../src/simulator/log/log-entry.js';
import { CertificateFeed } from '../src/feed/certificate-feed.js';
import { extraData, leafInput } from './support/ct-log-bytes.js';
import { scrape } from './support/metrics.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';

const uri = (method: string, location: string) =>
  sequence(oid(`1.3.6.1.5.5.7.48.${method}`), tlv(0x86, Buffer.from(location)));

const CA = certificate({ subject: name(['O', 'Only an organization']), serial: integer('0a') });

/** A certificate for which nearly every value differs between the dialects. */
const LEAF = certificate({
  serial: integer('0abc'),
  subject: name(['O', 'Example']),
  extensions: [
    extension('1.3.6.1.5.5.7.1.1', sequence(uri('1', 'http://ocsp.example'), uri('2', 'http://ca.example'))),
    extension('2.5.29.35', sequence(tlv(0x80, hex('abcd')))),
    extension('2.5.29.14', octets(hex('abcd'))),
    extension('2.5.29.15', tlv(0x03, hex('0186'))),
    subjectAltName([0x82, 'a.example'], [0x82, 'b.example'], [0x87, hex('c0000201')]),
  ],
});

const parts = { certificate: LEAF, chain: [CA] };
const ENTRY: RawEntry = { leafInput: leafInput(parts), extraData: extraData(parts) };

const DIFFERENT = {
  go: {
    serial_number: '0ABC',
    signature_algorithm: 'ecdsa, sha256',
    subject: { CN: '', aggregated: '/CN=/O=Example' },
    extensions: {
      authorityInfoAccess: 'URI:http://ca.example, URI:http://ocsp.example',
      authorityKeyIdentifier: 'keyid:ab:cd',
      subjectKeyIdentifier: 'keyid:ab:cd',
      keyUsage: 'Digital Signature, Certificate Signing, CRL Signing',
      subjectAltName: 'DNS:a.example, DNS:b.example, IP Address:192.0.2.1',
    },
  },
  calidog: {
    serial_number: 'ABC',
    signature_algorithm: 'sha256, ecdsa',
    subject: { CN: null, aggregated: '/O=Example' },
    extensions: {
      authorityInfoAccess: 'CA Issuers - URI:http://ca.example\nOCSP - URI:http://ocsp.example\n',
      authorityKeyIdentifier: 'keyid:AB:CD\n',
      subjectKeyIdentifier: 'AB:CD',
      keyUsage: 'Digital Signature, Key Cert Sign, C R L Sign',
      subjectAltName: 'IP:192.0.2.1, DNS:b.example, DNS:a.example',
    },
  },
} as const;

const DIALECTS = ['go', 'calidog'] as const;
type Dialect = (typeof DIALECTS)[number];

let system: TestSystem;

async function start(webserver: Record<string, unknown> = {}): Promise<void> {
  system = await TestSystem.start({
    logs: [
      { name: 'rfc', protocol: 'rfc6962' },
      { name: 'tiled', protocol: 'static-ct' },
    ],
    config: {
      prometheus: { enabled: true, listen_addr: '127.0.0.1' },
      webserver: { listen_addr: '127.0.0.1', ...webserver },
    },
  });
}

/** Publishes one entry in each log and waits until each reader has received both. */
async function streamTo(...readers: StreamReader[]): Promise<void> {
  const before = readers.map(({ frames }) => frames.length);
  for (const log of system.simulator.logs) {
    log.appendRaw(ENTRY);
    log.publish();
  }
  await Promise.all(
    readers.map((reader, i) => reader.until(({ frames }) => frames.length === before[i] + 2)),
  );
}

function expectDialect({ data }: CertificateUpdate, dialect: Dialect): void {
  expect(data.leaf_cert).toMatchObject(DIFFERENT[dialect]);
  expect(data.source.url.endsWith('/')).toBe(dialect === 'calidog');
  expect(system.simulator.logs.map(({ url }) => url)).toContain(data.source.url.replace(/\/?$/, '/'));
}

async function getJson<T>(path: string): Promise<T> {
  const response = await system.get(path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
}

describe('both dialects at the same time', () => {
  const full = {} as Record<Dialect, StreamReader>;
  const lite = {} as Record<Dialect, StreamReader>;
  const domains = {} as Record<Dialect, StreamReader>;
  let byDefault: StreamReader;

  beforeAll(async () => {
    await start();
    for (const dialect of DIALECTS) {
      full[dialect] = await system.connect(`/full-stream/?x=1&format=${dialect}`);
      lite[dialect] = await system.connect(`/?format=${dialect}`);
      domains[dialect] = await system.connect(`/domains-only?format=${dialect}`);
    }
    byDefault = await system.connect('/');
    await streamTo(byDefault, ...[full, lite, domains].flatMap((pair) => Object.values(pair)));
  });
  afterAll(() => system?.close());

  it.each(DIALECTS)('each client receives its own dialect: %s', (dialect) => {
    for (const update of [...full[dialect].updates(), ...lite[dialect].updates()])
      expectDialect(update, dialect);
  });

  it('chains have the dialect of their message, from both kinds of log', () => {
    for (const dialect of DIALECTS) {
      for (const { data } of full[dialect].updates()) {
        const issuer: Partial<LeafCert> = {
          serial_number: dialect === 'go' ? '0A' : 'A',
          as_der: CA.toString('base64'),
        };
        expect(data.chain).toHaveLength(1);
        expect(data.chain![0]).toMatchObject(issuer);
        expect(data.chain![0].subject.CN).toBe(dialect === 'go' ? '' : null);
      }
    }
  });

  it('messages have the same keys and the same domains', () => {
    const keys = (updates: CertificateUpdate[]) =>
      updates.map(({ data }) =>
        [data, data.source, data.leaf_cert, data.leaf_cert.extensions].map(Object.keys),
      );
    expect(keys(full.calidog.updates())).toEqual(keys(full.go.updates()));
    expect(domains.calidog.frames).toEqual(domains.go.frames);
    expect(JSON.parse(domains.go.frames[0])).toMatchObject({ data: ['a.example', 'b.example'] });
  });

  it('clients without a format receive the Go dialect', () => {
    expect([...byDefault.frames].sort()).toEqual([...lite.go.frames].sort());
  });

  it('a client of the original server finds the OCSP line', () => {
    for (const { data } of lite.calidog.updates()) {
      const lines = data.leaf_cert.extensions.authorityInfoAccess!.split('\n');
      expect(lines.find((line) => line.startsWith('OCSP'))).toBe('OCSP - URI:http://ocsp.example');
      expect(data.leaf_cert.extensions.authorityKeyIdentifier!.trim()).toBe(
        `keyid:${data.leaf_cert.extensions.subjectKeyIdentifier}`,
      );
    }
  });

  it.each(DIALECTS)('examples have the requested dialect: %s', async (dialect) => {
    for (const path of ['/example.json', '/full-stream/example.json']) {
      expectDialect(await getJson<CertificateUpdate>(`${path}?format=${dialect}`), dialect);
    }
    const { messages } = await getJson<{ messages: CertificateUpdate[] }>(`/latest.json?format=${dialect}`);
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expectDialect(message, dialect);
    expect(await getJson(`/domains-only/example.json?format=${dialect}`)).toHaveProperty(
      'data.0',
      'a.example',
    );
  });

  it.each(['/', '/full-stream', '/domains-only/'])('an unknown format is refused: %s', async (path) => {
    const socket = new WebSocket(`${system.server.url.replace('http', 'ws')}${path}?format=elixir`);
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    const error = 'unknown format; use ?format=go or ?format=calidog';
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(await text(answer))).toEqual({ error, code: 'STREAM_FORMAT' });

    for (const page of ['/example.json', '/latest.json', '/full-stream/example.json']) {
      const response = await system.get(`${page}?format=elixir`);
      expect([response.status, await response.json()]).toEqual([400, { error, code: 'STREAM_FORMAT' }]);
    }
  });

  it('metrics count streams regardless of the dialect', async () => {
    const samples = await scrape(system);
    for (const [type, clients] of [
      ['full', 2],
      ['lite', 3],
      ['domain', 2],
    ] as const) {
      expect(samples.get(`clients_total{type="${type}"}`)).toBe(clients);
    }
    expect([...samples.keys()].filter((sample) => sample.includes('calidog'))).toEqual([]);
  });

  it('a client that leaves does not affect the others', async () => {
    await lite.calidog.close();
    await streamTo(lite.go, full.calidog);
    expectDialect(full.calidog.updates().at(-1)!, 'calidog');
    expectDialect(lite.go.updates().at(-1)!, 'go');
  });

  it('custom modules can use both dialects', async () => {
    const stream = system.server.app.get(CertificateFeed);
    const received = new Promise<CertificateUpdate[]>((resolve) => {
      const subscription = stream.entries$.subscribe((entry) => {
        subscription.unsubscribe();
        resolve([
          entry.message(),
          entry.message('calidog'),
          JSON.parse(entry.json('full', 'calidog')) as never,
        ]);
      });
    });
    await streamTo(lite.go);
    const [go, calidog, fullCalidog] = await received;
    expectDialect(go, 'go');
    expectDialect(calidog, 'calidog');
    expectDialect(fullCalidog, 'calidog');
  });
});

describe('webserver.format: calidog', () => {
  beforeAll(() => start({ format: 'calidog', compression_enabled: true }));
  afterAll(() => system?.close());

  it('is the dialect of clients without a format, compressed or not', async () => {
    const byDefault = await system.connect('/');
    const go = await system.connect('/?format=go');
    expect(byDefault.socket.extensions).toContain('permessage-deflate');
    await streamTo(byDefault, go);
    for (const update of byDefault.updates()) expectDialect(update, 'calidog');
    for (const update of go.updates()) expectDialect(update, 'go');
    expectDialect(await getJson<CertificateUpdate>('/example.json'), 'calidog');
    expectDialect(await getJson<CertificateUpdate>('/example.json?format=go'), 'go');
  });
});
