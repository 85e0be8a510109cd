import { describe, expect, it } from 'vitest';
import { leafInput, pageJson, sha256, tileLeaf } from '../../../../test/support/ct-log-bytes.js';
import { sliceEntryBatch } from '../../../certificate/entry-batch-builder.js';
import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { decodeGetEntriesPage } from '../rfc6962/get-entries-page.js';
import { locateEntries } from '../rfc6962/merkle-tree-leaf.js';
import { locateDataTile } from '../static-ct/data-tile.js';
import { leafHashes } from './leaf-hashes.js';

const source = { name: 'Log', url: 'https://log.example', operator: 'Operator' };
const hashOf = (leaf: Buffer): Buffer => sha256(Buffer.concat([Buffer.from([0]), leaf]));

function pageBatch(body: string): EntryBatch {
  const page = decodeGetEntriesPage(Buffer.from(body));
  const head = { source: { ...source, type: 'rfc6962' as const }, firstIndex: 0, bytes: page.bytes, seen: 0 };
  return locateEntries(page).build(head);
}

const entries = [
  { certificate: Buffer.from('a certificate') },
  { certificate: Buffer.from('a TBS'), precertificate: Buffer.from('pre'), chain: [Buffer.from('issuer')] },
  { certificate: Buffer.alloc(40_000, 3) },
  { timestamp: 7 },
];

describe('leafHashes', () => {
  it('hashes the unchanged leaf_input of get-entries', () => {
    const leaves = entries.map(leafInput);
    expect(leafHashes(pageBatch(pageJson(entries)))).toEqual(Buffer.concat(leaves.map(hashOf)));
    expect(leafHashes(sliceEntryBatch(pageBatch(pageJson(entries)), 1, 3))).toEqual(
      Buffer.concat(leaves.slice(1, 3).map(hashOf)),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([9])],
    ['two bytes', Buffer.from([9, 8])],
    ['another version', Buffer.concat([Buffer.from([1, 1]), leafInput({}).subarray(2)])],
    ['trailing bytes', Buffer.concat([leafInput({}), Buffer.from('more')])],
  ])('hashes a leaf_input of %s', (_what, leaf) => {
    const rows = [leafInput({}), leaf, leafInput({ timestamp: 1 })];
    const body = rows.map((row) => ({ leaf_input: row.toString('base64'), extra_data: '' }));
    expect(leafHashes(pageBatch(JSON.stringify({ entries: body })))).toEqual(Buffer.concat(rows.map(hashOf)));
  });

  it('puts version and leaf type before the TimestampedEntry of a tile', () => {
    const bytes = Buffer.concat(entries.map((entry, i) => tileLeaf(512 + i, entry)));
    const head = { source: { ...source, type: 'tiled' as const }, firstIndex: 512, bytes, seen: 0 };
    const batch = locateDataTile(bytes, 512, entries.length).build(head);
    const wanted = entries.map((entry, i) => {
      const extensions = Buffer.from([0, 0, 5, 0, 0, 0, 2, i]);
      return hashOf(leafInput({ ...entry, extensions }));
    });
    expect(leafHashes(batch)).toEqual(Buffer.concat(wanted));
  });
});
