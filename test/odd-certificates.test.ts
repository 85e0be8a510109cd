import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateUpdate, LeafCert } from '../src/certificate/certificate-message.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { scrape } from './support/metrics.js';
import { ODD_CERTIFICATES, ODD_LEAVES, type OddEntry } from './support/odd-entries.js';
import { type StreamReader } from '../src/testing/stream-reader.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';

const corpus = process.env['CT_CORPUS_DIR'];
const model = corpus === undefined ? undefined : resolve(corpus, '../golden/edge_model.jsonl');
const hasModel = model !== undefined && existsSync(model);
if (!hasModel) {
  console.warn(
    'PARTLY SKIPPED test/odd-certificates.test.ts: edge_model.jsonl is beside the folder of CT_CORPUS_DIR',
  );
}

/** One of the hand-made edge cases. */
interface Edge {
  readonly name: string;
  readonly leaf_input: string;
  readonly extra_data: string;
  readonly expected_lite: string;
}

const edges = hasModel
  ? readFileSync(model, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Edge)
  : [];

const ENTRIES = { rfc6962: [...ODD_CERTIFICATES, ...ODD_LEAVES], 'static-ct': ODD_CERTIFICATES } as const;
const PROTOCOLS = ['rfc6962', 'static-ct'] as const;

describe('odd certificates, from both kinds of log', () => {
  let system: TestSystem;
  const readers = {} as Record<'full' | 'lite' | 'domains', StreamReader>;

  beforeAll(async () => {
    system = await TestSystem.start({
      logs: PROTOCOLS.map((protocol) => ({ name: protocol, protocol, pageSize: 8 })),
      config: { prometheus: { enabled: true, listen_addr: '127.0.0.1' } },
    });
    readers.full = await system.connect('/full-stream');
    readers.lite = await system.connect('/');
    readers.domains = await system.connect('/domains-only');
    for (const protocol of PROTOCOLS) {
      const log = system.simulator.log(protocol);
      log.loadEntries(entryFile(protocol));
      log.publish();
    }
    const count = PROTOCOLS.reduce((sum, protocol) => sum + lengthOf(protocol), 0);
    await Promise.all(
      Object.values(readers).map((reader) => reader.until(({ frames }) => frames.length >= count)),
    );
  });

  afterAll(() => system?.close());

  /** JSON lines: the odd entries, then the edge cases. */
  function entryFile(protocol: (typeof PROTOCOLS)[number]): string {
    const path = join(system.folder, `${protocol}.jsonl`);
    const own = ENTRIES[protocol].map(({ leafInput, extraData }) => ({
      leaf_input: leafInput.toString('base64'),
      extra_data: extraData.toString('base64'),
    }));
    const known = edges.map(({ leaf_input, extra_data }) => ({ leaf_input, extra_data }));
    writeFileSync(path, [...own, ...known].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    return path;
  }

  function lengthOf(protocol: (typeof PROTOCOLS)[number]): number {
    return ENTRIES[protocol].length + edges.length;
  }

  function updatesOf(reader: StreamReader, log: SimulatedLog): CertificateUpdate[] {
    return reader.updates().filter(({ data }) => `${data.source.url}/` === log.url);
  }

  it.each(PROTOCOLS)('every entry arrives once and in order: %s', (protocol) => {
    const { url } = system.simulator.log(protocol);
    for (const reader of [readers.full, readers.lite]) {
      expect(reader.indices(url)).toEqual(range(0, lengthOf(protocol)));
    }
    expect(readers.domains.frames).toHaveLength(lengthOf('rfc6962') + lengthOf('static-ct'));
  });

  describe.each(PROTOCOLS)('%s', (protocol) => {
    it.each(ENTRIES[protocol].map((entry, index): [string, OddEntry, number] => [entry.title, entry, index]))(
      '%s',
      (_title, { parseError, data = {}, der }, index) => {
        const log = system.simulator.log(protocol);
        const lite = updatesOf(readers.lite, log)[index];
        const full = updatesOf(readers.full, log)[index];
        expect(lite.data.parse_error).toBe(parseError);
        expect(full.data.parse_error).toBe(parseError);
        expect(lite.data).toMatchObject(data);
        expect(full.data.leaf_cert.as_der).toBe(der.toString('base64'));
        expect(full.data.leaf_cert.sha256 === '').toBe(der.length === 0);
        expect(full.data.chain).toBeInstanceOf(Array);
      },
    );

    it.each(edges.map((edge, index): [string, Edge, number] => [edge.name, edge, index]))(
      'edge case %s',
      (_name, { expected_lite }, index) => {
        const updates = updatesOf(readers.lite, system.simulator.log(protocol));
        const expected = JSON.parse(expected_lite) as { data: { leaf_cert: LeafCert } };
        expect(updates[ENTRIES[protocol].length + index].data.leaf_cert).toEqual(expected.data.leaf_cert);
      },
    );
  });

  it('the metrics count every entry and every parse_error', async () => {
    const samples = await scrape(system);
    const errors = new Map<string, number>();
    for (const { data } of readers.lite.updates()) {
      if (data.parse_error === undefined) continue;
      const name = `parse_errors_total{code="${data.parse_error}"}`;
      errors.set(name, (errors.get(name) ?? 0) + 1);
    }
    expect(errors.size).toBeGreaterThan(9);
    const counted = [...samples].filter(
      ([name, value]) => name.startsWith('parse_errors_total') && value > 0,
    );
    expect(new Map(counted)).toEqual(errors);
    const received = ['regular', 'precert'].map((type) => samples.get(`certificates_total{type="${type}"}`)!);
    // An entry of an unknown type counts as neither.
    expect(received[0] + received[1]).toBe(lengthOf('rfc6962') + lengthOf('static-ct') - 1);
    expect(samples.get('malformed_extensions_total')).toBeGreaterThan(0);
    expect(samples.get('impossible_dates_total')).toBeGreaterThan(0);
  });

  it('the log output has no warnings about them, except that extra data does not match its leaf', () => {
    const warnings = system.output
      .filter((line) => /\b(ERROR|WARN)\b/i.test(line))
      .filter((line) => !line.includes('the limit of open files'));
    expect(warnings.filter((line) => !/code=CT_(PRECERT|ISSUER)_MISMATCH/.test(line))).toEqual([]);
    // Once per code and log.
    expect(warnings).toHaveLength(4);
  });
});
