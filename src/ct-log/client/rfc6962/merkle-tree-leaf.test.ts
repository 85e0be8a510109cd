import { describe, expect, it } from 'vitest';
import { type EntryParts, extraData, leafInput, u } from '../../../../test/support/ct-log-bytes.js';
import { ENTRY_COLUMNS, EntryColumn, EntryProblem } from '../../../certificate/entry-batch.js';
import { decodeGetEntriesPage } from './get-entries-page.js';
import { locateEntries } from './merkle-tree-leaf.js';

const certificate = Buffer.from('the certificate');
const precertificate = Buffer.from('the precertificate');
const chain = [Buffer.from('issuer'), Buffer.from('root')];

function locate(leaf: Buffer, extra: Buffer) {
  const around = { leaf_input: Buffer.alloc(40, 9).toString('base64'), extra_data: 'AAAA' };
  const entries = [
    around,
    { leaf_input: leaf.toString('base64'), extra_data: extra.toString('base64') },
    around,
  ];
  const page = decodeGetEntriesPage(Buffer.from(JSON.stringify({ entries })));
  const { bytes } = page;
  const builder = locateEntries(page);
  expect(builder.count).toBe(3);
  const table = builder.table.subarray(ENTRY_COLUMNS);
  const part = (start: number, end: number): Buffer => bytes.subarray(table[start], table[end]);
  return {
    type: table[EntryColumn.Type],
    problem: table[EntryColumn.Problem],
    entry: part(EntryColumn.TimestampedEntryStart, EntryColumn.TimestampedEntryEnd),
    certificate: part(EntryColumn.CertificateStart, EntryColumn.CertificateEnd),
    submitted: part(EntryColumn.SubmittedStart, EntryColumn.SubmittedEnd),
    chain: part(EntryColumn.ChainStart, EntryColumn.ChainEnd),
    timestamp: builder.build({ source: undefined as never, firstIndex: 0, bytes, seen: 0 }).timestamps[1],
  };
}

function entry(parts: EntryParts) {
  return locate(leafInput(parts), extraData(parts));
}

describe('locateEntries', () => {
  it('locates an x509_entry, whose certificate is the submitted one', () => {
    const found = entry({ certificate, chain, timestamp: 1_779_302_893_443 });
    expect(found).toMatchObject({ type: 0, problem: EntryProblem.None, timestamp: 1_779_302_893_443 });
    expect(found.certificate).toEqual(certificate);
    expect(found.submitted).toEqual(certificate);
    expect(found.chain).toEqual(Buffer.concat([u(3, 6), chain[0], u(3, 4), chain[1]]));
    expect(Buffer.concat([u(2, 0), found.entry])).toEqual(
      leafInput({ certificate, timestamp: 1_779_302_893_443 }),
    );
  });

  it('locates a precert_entry: TBSCertificate in the leaf, precertificate in extra_data', () => {
    const found = entry({ certificate, precertificate, chain, extensions: Buffer.from('ext') });
    expect(found).toMatchObject({ type: 1, problem: EntryProblem.None });
    expect(found.certificate).toEqual(certificate);
    expect(found.submitted).toEqual(precertificate);
    expect(found.chain).toHaveLength(16);
  });

  it('accepts an empty chain', () => {
    expect(entry({ certificate })).toMatchObject({ problem: EntryProblem.None, chain: Buffer.alloc(0) });
  });

  it('adds a row for every truncated leaf, whose parts do not exceed the leaf', () => {
    for (const parts of [{ certificate }, { certificate, precertificate }]) {
      const leaf = leafInput(parts);
      for (let length = 0; length < leaf.length; length++) {
        const found = locate(leaf.subarray(0, length), extraData(parts));
        expect(found).toMatchObject({ problem: EntryProblem.MalformedLeaf, certificate: Buffer.alloc(0) });
        // Only a leaf with its entry_type determines the contents of extra_data.
        const submitted = length >= 12 ? (parts.precertificate ?? Buffer.alloc(0)) : Buffer.alloc(0);
        expect(found.submitted).toEqual(submitted);
      }
    }
  });

  it.each([
    ['trailing bytes', Buffer.concat([leafInput({ certificate }), u(1, 0)])],
    ['an unknown version', Buffer.concat([u(1, 1), leafInput({ certificate }).subarray(1)])],
    ['an unknown leaf type', Buffer.concat([u(2, 1), leafInput({ certificate }).subarray(2)])],
    ['an empty certificate', leafInput({ certificate: Buffer.alloc(0) })],
  ])('marks a leaf with %s', (_what, leaf) => {
    const found = locate(leaf, extraData({}));
    expect(found.problem).toBe(EntryProblem.MalformedLeaf);
    expect(found.entry).toEqual(leaf.subarray(2));
  });

  it('marks an unknown entry type, and keeps its number and timestamp', () => {
    const leaf = leafInput({ certificate, timestamp: 5 });
    leaf.writeUInt16BE(0x8000, 10);
    expect(locate(leaf, extraData({}))).toMatchObject({
      problem: EntryProblem.UnknownEntryType,
      type: 0x8000,
      timestamp: 5,
    });
  });

  it('keeps the leaf of an entry whose chain is damaged, for every truncation and a trailing byte', () => {
    for (const parts of [
      { certificate, chain },
      { certificate, precertificate, chain },
    ]) {
      const extra = extraData(parts);
      const damaged = Array.from({ length: extra.length }, (_, length) => extra.subarray(0, length));
      for (const bytes of [...damaged, Buffer.concat([extra, u(1, 0)])]) {
        const found = locate(leafInput(parts), bytes);
        expect(found).toMatchObject({ problem: EntryProblem.MalformedExtraData, chain: Buffer.alloc(0) });
        expect(found.certificate).toEqual(certificate);
      }
    }
  });

  it('rejects a chain with an empty certificate, which would end it unnoticed', () => {
    const found = entry({ certificate, chain: [chain[0], Buffer.alloc(0), chain[1]] });
    expect(found).toMatchObject({ problem: EntryProblem.MalformedExtraData, certificate });
  });

  it('rejects a chain whose inner lengths do not match its total', () => {
    const extra = Buffer.concat([u(3, 5), u(3, 1), Buffer.from('ab')]);
    expect(locate(leafInput({ certificate }), extra).problem).toBe(EntryProblem.MalformedExtraData);
  });
});
