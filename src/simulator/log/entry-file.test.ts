import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from '../ct-log-simulator.js';
import { fingerprint } from './log-entry.js';
import type { SimulatedEntry } from './log-entry.js';
import type { SimulatedLogProtocol } from './simulated-log-options.js';

let simulator: CtLogSimulator;
let folder: string;
let truth: SimulatedEntry[];
let names = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  simulator = await CtLogSimulator.start({ certificates: 20 });
  const origin = simulator.addLog({ name: 'origin', initialEntries: 20 });
  truth = Array.from({ length: 20 }, (_, i) => origin.entry(i));
});
afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

function load(text: string, protocol: SimulatedLogProtocol, firstIndex = 0) {
  const path = join(folder, 'entries.jsonl');
  writeFileSync(path, text);
  const log = simulator.addLog({ name: `file-${names++}`, protocol, firstIndex, gzipTiles: true });
  const count = log.loadEntries(path);
  log.publish();
  return { log, count, path };
}

function base64(der: Buffer): string {
  return der.toString('base64');
}

async function bytes(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

describe('loadEntries', () => {
  it('serves RFC 6962 entries unchanged, at their index and with their timestamps', async () => {
    const lines = truth.map(({ leafInput, extraData }) =>
      JSON.stringify({ leaf_input: base64(leafInput), extra_data: base64(extraData), other: 1 }),
    );
    const { log, count } = load(`${lines.join('\n')}\n`, 'rfc6962', 4_354_630_040);
    expect(count).toBe(20);
    const url = `${log.url}ct/v1/get-entries?start=4354630040&end=4354630059`;
    const { entries } = JSON.parse((await bytes(url)).toString()) as { entries: unknown[] };
    expect(entries).toEqual(
      truth.map(({ leafInput, extraData }) => ({
        leaf_input: base64(leafInput),
        extra_data: base64(extraData),
      })),
    );
    expect(log.entry(4_354_630_041)).toMatchObject({
      timestamp: truth[1]?.timestamp,
      type: truth[1]?.type,
      submittedDer: truth[1]?.submittedDer,
      chain: truth[1]?.chain,
    });
  });

  it('converts RFC 6962 entries to tile leaves and issuers', async () => {
    const lines = truth.map((entry) =>
      JSON.stringify({ leaf_input: base64(entry.leafInput), extra_data: base64(entry.extraData) }),
    );
    const { log } = load(lines.join('\n'), 'static-ct');
    const tile = await bytes(`${log.url}tile/data/000.p/20`);
    expect(tile).toEqual(Buffer.concat(truth.map(({ tileLeaf }) => tileLeaf)));
    for (const der of truth[0]?.chain ?? []) {
      expect(await bytes(`${log.url}issuer/${fingerprint(der).toString('hex')}`)).toEqual(der);
    }
  });

  it('converts tile leaves to RFC 6962 entries', async () => {
    const issuers = truth.flatMap(({ chain }) => chain.map(base64));
    const objects = truth.map(({ tileLeaf }) => ({ tile_leaf: base64(tileLeaf), issuers }));
    const { log } = load(JSON.stringify(objects), 'rfc6962');
    truth.forEach(({ leafInput, extraData }, index) =>
      expect(log.entry(index)).toMatchObject({ leafInput, extraData }),
    );
  });

  it('accepts a single object, and fingerprints of issuers that are added later', () => {
    const { tileLeaf, chain } = truth[0] ?? { tileLeaf: Buffer.alloc(0), chain: [] };
    const issuers = chain.map((der) => fingerprint(der).toString('hex'));
    const text = JSON.stringify({ tile_leaf: base64(tileLeaf), issuers });
    const { log, path } = load(text, 'static-ct');
    expect(log.entry(0)).toMatchObject({ tileLeaf, chain: [] });
    for (const der of chain) log.addIssuer(der);
    log.loadEntries(path);
    expect(log.entry(1)).toMatchObject({ tileLeaf, chain });
  });

  it('serves malformed entries unchanged', () => {
    const line = JSON.stringify({ leaf_input: base64(Buffer.from('short')), extra_data: 'AAAA' });
    const { log } = load(line, 'rfc6962');
    expect(log.entry(0)).toMatchObject({ leafInput: Buffer.from('short'), extraData: Buffer.alloc(3) });
  });

  it('refuses files without entries', () => {
    expect(() => load('{"leaf_input":', 'rfc6962')).toThrow(SyntaxError);
    expect(() => load('{"extra_data":""}', 'rfc6962')).toThrow(TypeError);
  });
});

const corpus = process.env['CT_CORPUS_DIR'];
if (!corpus) console.warn('CT_CORPUS_DIR is not set: entries of real logs are not loaded into the simulator');

describe.skipIf(!corpus)('real entries', () => {
  it('of RFC 6962 logs become tiles with the same content', async () => {
    const lines = readFileSync(`${corpus}/rfc6962-entries/entries.jsonl`, 'utf8').trim().split('\n');
    const { log, count } = load(lines.join('\n'), 'static-ct');
    expect(count).toBe(lines.length);
    for (let index = 0; index < count; index++) {
      const { leafInput, tileLeaf, chain } = log.entry(index);
      expect(tileLeaf.subarray(0, leafInput.length - 2)).toEqual(leafInput.subarray(2));
      const prints = chain.map(fingerprint);
      expect(tileLeaf.subarray(tileLeaf.length - 32 * prints.length)).toEqual(Buffer.concat(prints));
    }
    const leaves = Array.from({ length: count }, (_, index) => log.entry(index).tileLeaf);
    expect(await bytes(`${log.url}tile/data/000.p/${count}`)).toEqual(Buffer.concat(leaves));
  });

  it('of the golden examples are at their index', () => {
    const golden = `${corpus}/../golden`;
    const files = readdirSync(golden).filter((name) => name.endsWith('.input.json'));
    expect(files.length).toBeGreaterThan(5);
    for (const name of files) {
      const text = readFileSync(`${golden}/${name}`, 'utf8');
      const json = JSON.parse(text) as {
        kind: string;
        cert_index: number;
        leaf_input?: string;
        tile_leaf?: string;
      };
      const { log } = load(text, json.kind === 'tiled' ? 'static-ct' : 'rfc6962', json.cert_index);
      const entry = log.entry(json.cert_index);
      expect(log.head.treeSize).toBe(json.cert_index + 1);
      expect(json.leaf_input ?? json.tile_leaf).toBe(
        base64(json.leaf_input ? entry.leafInput : entry.tileLeaf),
      );
    }
  });

  it('of static-ct logs are unchanged in their tile', async () => {
    const lines = readFileSync(`${corpus}/../golden/edge_model.jsonl`, 'utf8').trim().split('\n');
    const { log } = load(lines.join('\n'), 'static-ct');
    const leaves = lines.map((line) =>
      Buffer.from((JSON.parse(line) as { tile_leaf: string }).tile_leaf, 'base64'),
    );
    const tile = await bytes(`${log.url}tile/data/000.p/${lines.length}`);
    expect(tile).toEqual(Buffer.concat(leaves));
  });
});
