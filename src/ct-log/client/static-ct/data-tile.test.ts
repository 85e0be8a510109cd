import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  leafIndexExtension,
  sha256,
  tileLeaf,
  timestampedEntry,
  u,
  vector,
} from '../../../../test/support/ct-log-bytes.js';
import { ENTRY_COLUMNS, EntryColumn, EntryProblem } from '../../../certificate/entry-batch.js';
import { locateDataTile } from './data-tile.js';

const issuer = Buffer.from('an issuer');
const x509 = { certificate: Buffer.from('certificate'), chain: [issuer] };
const precert = {
  certificate: Buffer.from('tbs'),
  precertificate: Buffer.from('precertificate'),
  chain: [issuer, issuer],
};

function locate(bytes: Buffer, firstIndex: number, width: number) {
  const builder = locateDataTile(bytes, firstIndex, width);
  return Array.from({ length: builder.count }, (_, i) => {
    const column = (number: number): number => builder.table[i * ENTRY_COLUMNS + number];
    return {
      type: column(EntryColumn.Type),
      problem: column(EntryColumn.Problem),
      entry: bytes.subarray(
        column(EntryColumn.TimestampedEntryStart),
        column(EntryColumn.TimestampedEntryEnd),
      ),
      certificate: bytes.subarray(column(EntryColumn.CertificateStart), column(EntryColumn.CertificateEnd)),
      submitted: bytes.subarray(column(EntryColumn.SubmittedStart), column(EntryColumn.SubmittedEnd)),
      chain: bytes.subarray(column(EntryColumn.ChainStart), column(EntryColumn.ChainEnd)),
    };
  });
}

describe('locateDataTile', () => {
  const big = 6_150_000_128;

  it('locates certificates and precertificates, also beyond 2^32', () => {
    const bytes = Buffer.concat([tileLeaf(big, x509), tileLeaf(big + 1, precert)]);
    const [first, second] = locate(bytes, big, 2);
    expect(first).toMatchObject({ type: 0, problem: EntryProblem.None, chain: sha256(issuer) });
    expect(first.certificate).toEqual(x509.certificate);
    expect(first.submitted).toEqual(x509.certificate);
    expect(first.entry).toEqual(timestampedEntry({ ...x509, extensions: leafIndexExtension(big) }));
    expect(second).toMatchObject({ type: 1, problem: EntryProblem.None });
    expect(second.certificate).toEqual(precert.certificate);
    expect(second.submitted).toEqual(precert.precertificate);
    expect(second.chain).toEqual(Buffer.concat([sha256(issuer), sha256(issuer)]));
  });

  it('rejects every truncation, an additional leaf and trailing bytes', () => {
    const bytes = Buffer.concat([tileLeaf(0, x509), tileLeaf(1, precert)]);
    const malformed = expect.objectContaining({ code: 'CT_MALFORMED_TILE' });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => locateDataTile(bytes.subarray(0, length), 0, 2)).toThrow(malformed);
    }
    expect(() => locateDataTile(bytes, 0, 3)).toThrow(malformed);
    expect(() => locateDataTile(bytes, 0, 1)).toThrow(malformed);
    expect(() => locateDataTile(Buffer.from('<html>'), 0, 1)).toThrow(malformed);
  });

  it('rejects an unknown entry type, whose end cannot be found', () => {
    const bytes = tileLeaf(0, x509);
    bytes.writeUInt16BE(2, 8);
    expect(() => locateDataTile(bytes, 0, 1)).toThrow(expect.objectContaining({ code: 'CT_MALFORMED_TILE' }));
  });

  it('rejects a leaf whose leaf_index is not its position', () => {
    expect(() => locateDataTile(tileLeaf(7, x509), 8, 1)).toThrow(
      expect.objectContaining({ code: 'CT_LEAF_INDEX' }),
    );
  });

  it('finds leaf_index after unknown extensions, and accepts a leaf without it', () => {
    const other = Buffer.concat([u(1, 9), vector(2, Buffer.from('x'))]);
    const withOther = tileLeaf(0, { ...x509, extensions: Buffer.concat([other, leafIndexExtension(3)]) });
    expect(locate(withOther, 3, 1)[0].problem).toBe(EntryProblem.None);
    expect(() => locateDataTile(withOther, 4, 1)).toThrow(expect.objectContaining({ code: 'CT_LEAF_INDEX' }));
    const archived = tileLeaf(0, { ...x509, extensions: Buffer.alloc(0) });
    expect(locate(archived, 4, 1)[0].problem).toBe(EntryProblem.None);
  });

  it('marks damaged extensions and a chain that is not a list of fingerprints, and continues', () => {
    const damaged = tileLeaf(0, { ...x509, extensions: Buffer.from([0, 0, 9, 1]) });
    const oddChain = Buffer.concat([
      timestampedEntry({ extensions: leafIndexExtension(1) }),
      vector(2, Buffer.alloc(33)),
    ]);
    const rows = locate(Buffer.concat([damaged, oddChain, tileLeaf(2, x509)]), 0, 3);
    expect(rows.map((row) => row.problem)).toEqual([
      EntryProblem.MalformedLeaf,
      EntryProblem.MalformedExtraData,
      EntryProblem.None,
    ]);
    expect(rows[1].chain).toHaveLength(0);
  });
});

const corpus = process.env['CT_CORPUS_DIR'];
const navigli = corpus === undefined ? '' : join(corpus, 'static-ct/navigli2025h2/tile');
const hasTiles = existsSync(navigli);
if (!hasTiles) console.warn('skipped: real data tiles (CT_CORPUS_DIR is not set)');

describe.skipIf(!hasTiles)('real data tiles', () => {
  it.each([0, 1, 2, 3])('tile %i has 256 leaves with the hashes of the level-0 tile', (index) => {
    const bytes = readFileSync(join(navigli, `data/00${index}`));
    const hashes = readFileSync(join(navigli, `0/00${index}`));
    const rows = locate(bytes, index * 256, 256);
    expect(rows.every((row) => row.problem === EntryProblem.None)).toBe(true);
    const leafHashes = rows.map((row) => createHash('sha256').update(u(3, 0)).update(row.entry).digest());
    expect(Buffer.concat(leafHashes)).toEqual(hashes);
  });

  it('a partial tile has as many leaves as its name says', () => {
    expect(locate(readFileSync(join(navigli, 'data/003.p/10')), 768, 10)).toHaveLength(10);
  });
});
