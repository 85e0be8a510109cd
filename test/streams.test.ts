import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';

const INITIAL = 300;
const ADDED = 700;

describe('the three streams, from both kinds of log', () => {
  let system: TestSystem;
  let full: StreamReader;
  let lite: StreamReader;
  let domains: StreamReader;
  let logs: SimulatedLog[];

  beforeAll(async () => {
    system = await TestSystem.start({
      logs: [
        { name: 'rfc', protocol: 'rfc6962', initialEntries: INITIAL, pageSize: 100 },
        { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
      ],
    });
    ({ logs } = system.simulator);
    full = await system.connect('/full-stream');
    lite = await system.connect('/');
    domains = await system.connect('/domains-only/?any=query');
    for (const log of logs) {
      log.append(ADDED);
      log.publish();
    }
    const complete = ADDED * logs.length;
    await Promise.all(
      [full, lite, domains].map((reader) => reader.until(({ frames }) => frames.length >= complete)),
    );
  });

  afterAll(() => system.close());

  it('start at the head and carry every index of every log once and in order', () => {
    for (const log of logs) {
      expect(full.indices(log.url)).toEqual(range(INITIAL, INITIAL + ADDED));
      expect(lite.indices(log.url)).toEqual(range(INITIAL, INITIAL + ADDED));
    }
    expect(domains.frames).toHaveLength(ADDED * logs.length);
  });

  it('carry the submitted DER, its chain and its domains, including precertificates of static-ct logs', () => {
    for (const { data } of full.updates()) {
      const log = logs.find(({ url }) => url === `${data.source.url}/`)!;
      const entry = log.entry(data.cert_index);
      expect(data.leaf_cert.as_der).toBe(entry.submittedDer.toString('base64'));
      expect(data.chain!.map((issuer) => issuer.as_der)).toEqual(
        entry.chain.map((der) => der.toString('base64')),
      );
      expect(data.leaf_cert.all_domains).toEqual(expect.arrayContaining([...entry.domains]));
      expect(data.update_type).toBe(entry.type === 'precert_entry' ? 'PrecertLogEntry' : 'X509LogEntry');
      expect(data.source.timestamp).toBe(entry.timestamp / 1000);
    }
  });

  it('include no chain and no as_der on the lite stream, but everything else', () => {
    const byKey = (reader: StreamReader) =>
      new Map(
        reader.updates().map((update) => [`${update.data.source.url} ${update.data.cert_index}`, update]),
      );
    const lites = byKey(lite);
    for (const [key, update] of byKey(full)) {
      delete update.data.chain;
      delete update.data.leaf_cert.as_der;
      expect(lites.get(key)).toEqual(update);
    }
  });

  it('carry only the domain lists on the domains-only stream', () => {
    const lists = lite
      .updates()
      .map(({ data }) => JSON.stringify({ data: data.leaf_cert.all_domains, message_type: 'dns_entries' }));
    expect([...domains.frames].sort()).toEqual(lists.sort());
  });

  it('end full and lite messages with a line feed, as the Go server does, but not domain lists', () => {
    expect([...full.frames, ...lite.frames].every((text) => text.endsWith('}\n'))).toBe(true);
    expect(domains.frames.every((text) => text.endsWith('}'))).toBe(true);
  });
});
