import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../test/support/ct-log-bytes.js';
import { type EntryBatch, EntryColumn, ENTRY_COLUMNS, LogEntryType } from '../entry-batch.js';
import { DerReader } from '../der-reader.js';
import { NO_ISSUERS } from '../issuer-map.js';
import { tbsOf } from '../testing/certificate-shapes.js';
import { corpusFolders, readBlobs } from '../testing/corpus.js';
import { sequence, tlv } from '../testing/der-builder.js';
import { issuersOf } from '../testing/log-entries.js';
import { SeededNumbers } from '../testing/seeded-numbers.js';
import { locateDataTile } from '../../ct-log/client/static-ct/data-tile.js';
import { ExtraDataCheck } from './extra-data-check.js';
import { PrecertificateMatch } from './precertificate-match.js';
import { TbsLayout } from './tbs-layout.js';
import { batchOfPage, pageBatch, POISON, tileBatch } from './testing/precertificate-samples.js';

const corpus = process.env['CT_CORPUS_DIR'];
if (corpus === undefined) console.warn('extra-data/corpus.test.ts skipped: CT_CORPUS_DIR is not set');

interface Row {
  readonly name?: string;
  readonly leaf_input?: string;
  readonly extra_data?: string;
}

const source = { name: 'Log', url: 'https://log.example', operator: 'Operator' };
const check = new ExtraDataCheck();

/** Reads rows of get-entries from a file with JSON lines or one object. */
function rowsOf(path: string): Row[] {
  const text = readFileSync(path, 'utf8');
  const lines = path.endsWith('.jsonl') ? text.trim().split('\n') : [text];
  return lines.map((line) => JSON.parse(line) as Row).filter((row) => row.leaf_input !== undefined);
}

function pageOf(rows: readonly Row[]): EntryBatch {
  const entries = rows.map(({ leaf_input, extra_data }) => ({ leaf_input, extra_data }));
  return batchOfPage(JSON.stringify({ entries }));
}

function precertificates({ table, count }: EntryBatch): number {
  const types = Array.from({ length: count }, (_, i) => table[i * ENTRY_COLUMNS + EntryColumn.Type]);
  return types.filter((type) => type === LogEntryType.PrecertEntry).length;
}

describe.skipIf(corpus === undefined)('extra data of real logs', () => {
  const golden = join(dirname(corpus ?? ''), 'golden');

  it('matches the leaf in all entries of get-entries', () => {
    const inputs = existsSync(golden)
      ? readdirSync(golden).filter((file) => file.endsWith('.input.json'))
      : [];
    const rows = [
      ...rowsOf(join(corpus!, 'rfc6962-entries/entries.jsonl')),
      ...inputs.flatMap((file) => rowsOf(join(golden, file))),
    ];
    const page = pageOf(rows);
    expect(check.run(page).map(({ position, ...what }) => ({ ...what, row: rows[position] }))).toEqual([]);
    expect(precertificates(page)).toBeGreaterThan(10);
  });

  it.skipIf(!existsSync(golden))(
    'matches the leaf in all edge cases except the one without its signing certificate',
    () => {
      const rows = rowsOf(join(golden, 'edge_model.jsonl'));
      const wrong = check.run(pageOf(rows)).map(({ position }) => rows[position].name);
      expect(wrong).toEqual(['C_precert_signing_cert']);
    },
  );

  it('matches the leaf in all entries of data tiles, with and without issuers', () => {
    const folder = join(corpus!, 'static-ct/navigli2025h2');
    const data = join(folder, 'tile/data');
    const tiles = readdirSync(data).filter((name) => /^\d{3}$/.test(name));
    let checked = 0;
    for (const name of tiles) {
      const bytes = readFileSync(join(data, name));
      const firstIndex = Number(name) * 256;
      const head = { source: { ...source, type: 'tiled' as const }, firstIndex, bytes, seen: 0 };
      const tile = locateDataTile(bytes, firstIndex, 256).build(head);
      for (const issuers of [issuersOf(tile, (hash) => issuerOf(folder, hash)), NO_ISSUERS]) {
        expect(check.run({ ...tile, issuers })).toEqual([]);
        checked += precertificates(tile);
      }
    }
    expect(checked).toBeGreaterThan(1000);
  });
});

describe.skipIf(corpus === undefined)('published examples', () => {
  it.each([
    ['test-embedded', ['ca-cert']],
    ['test-embedded-with-intermediate', ['intermediate-cert', 'ca-cert']],
    ['test-embedded-with-preca', ['ca-pre-cert', 'ca-cert']],
    ['test-embedded-with-intermediate-preca', ['intermediate-pre-cert', 'intermediate-cert', 'ca-cert']],
  ])('%s: the precertificate matches the leaf of the final certificate', (pair, issuers) => {
    const blobs = new Map(
      readBlobs(corpus!, 'x509-ct-cpp').map(({ name, der }) => [/(\S+)\.pem#\d+$/.exec(name)?.[1], der]),
    );
    const der = (name: string): Buffer => blobs.get(`test/testdata/${name}`)!;
    const final = tbsOf(der(`${pair}-cert`));
    const isDelegated = issuers[0].endsWith('pre-cert');
    const chain = issuers.map(der);
    const entry = {
      certificate: withoutExtension(final, '060a2b06010401d679020402'),
      precertificate: der(`${pair}-pre-cert`),
      issuerKeyHash: sha256(keyOf(chain[isDelegated ? 1 : 0])),
      chain,
    };
    for (const batch of [pageBatch([entry]), tileBatch([entry]), tileBatch([entry], () => false)])
      expect(check.run(batch)).toEqual([]);
    const findings = check.run(pageBatch([{ ...entry, chain: [der('google-cert')] }]));
    expect(findings).toEqual([{ position: 0, precertificate: isDelegated, issuer: true }]);
  });

  it('preissuer-chain: another implementation removes only the poison and keeps the issuer', () => {
    const blobs = readBlobs(corpus!, 'x509-azul');
    const chain = blobs.filter(({ name }) => name.includes('/preissuer-chain.pem')).map(({ der }) => der);
    const certificate = blobs.find(({ name }) => name.includes('/preissuer-precert-tbs.der'))!.der;
    expect(isMatch(chain[0], certificate)).toBe(true);
    const [precertificate, signer, ca] = chain;
    const entry = { certificate, precertificate, issuerKeyHash: sha256(keyOf(ca)), chain: [signer, ca] };
    const findings = check.run(pageBatch([entry]));
    expect(findings).toEqual([{ position: 0, precertificate: true, issuer: false }]);
  });
});

describe.skipIf(corpus === undefined)('certificates of all kinds', () => {
  it('match the precertificates made of them, and do not match with a changed bit', () => {
    const random = new SeededNumbers(6962);
    const wrong: string[] = [];
    let made = 0;
    for (const { name, der } of corpusFolders(corpus).flatMap((folder) => readBlobs(corpus!, folder))) {
      const leaf = tbsOf(der);
      const submitted = poisoned(leaf, random);
      if (submitted === undefined) continue;
      made++;
      const changed = Buffer.from(leaf);
      changed[random.below(leaf.length)] ^= 1 << random.below(8);
      if (isMatch(submitted, leaf) !== true || isMatch(submitted, changed) === true) wrong.push(name);
    }
    expect(wrong).toEqual([]);
    expect(made).toBeGreaterThan(4000);
  });
});

const layout = new TbsLayout();
const match = new PrecertificateMatch();

/** @returns undefined if the leaf cannot be compared. */
function isMatch(submitted: Buffer, leaf: Buffer): boolean | undefined {
  const bytes = Buffer.concat([leaf, submitted]);
  if (!match.openLeaf(bytes, 0, leaf.length)) return undefined;
  return match.openSubmitted(leaf.length, bytes.length) && match.isDirect();
}

/** @returns a precertificate with the poison at any place among the extensions; undefined without extensions. */
function poisoned(tbs: Buffer, random: SeededNumbers): Buffer | undefined {
  if (!layout.read(tbs, 0, tbs.length) || layout.listStart === layout.end) return undefined;
  const list = elements(tbs.subarray(layout.listStart, layout.listEnd));
  if (list === undefined) return undefined;
  list.splice(random.below(list.length + 1), 0, POISON);
  const extensions = tlv(0xa3, sequence(...list));
  const before = tbs.subarray(layout.start, layout.extensionsStart);
  const behind = tbs.subarray(layout.extensionsEnd, layout.end);
  return sequence(sequence(before, extensions, behind), sequence(), tlv(0x03));
}

function withoutExtension(tbs: Buffer, type: string): Buffer {
  layout.read(tbs, 0, tbs.length);
  const list = elements(tbs.subarray(layout.listStart, layout.listEnd))!;
  const kept = list.filter((extension) => !extension.includes(Buffer.from(type, 'hex')));
  return sequence(tbs.subarray(layout.start, layout.extensionsStart), tlv(0xa3, sequence(...kept)));
}

function elements(bytes: Buffer): Buffer[] | undefined {
  const reader = new DerReader();
  reader.bytes = bytes;
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at = reader.end) {
    if (!reader.read(at, bytes.length)) return undefined;
    found.push(bytes.subarray(at, reader.end));
  }
  return found;
}

function keyOf(der: Buffer): Buffer {
  const tbs = tbsOf(der);
  layout.read(tbs, 0, tbs.length);
  return tbs.subarray(layout.keyStart, layout.keyEnd);
}

function issuerOf(folder: string, fingerprint: string): Buffer | undefined {
  const path = join(folder, 'issuer', fingerprint);
  return existsSync(path) ? readFileSync(path) : undefined;
}
