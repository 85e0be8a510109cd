import { describe, expect, it } from 'vitest';
import { leafHashes } from '../ct-log/client/merkle/leaf-hashes.js';
import { CertificateBatch } from './certificate-batch.js';
import { CertificateRenderer } from './certificate-renderer.js';
import { EntryBatchBuilder, sliceEntryBatch } from './entry-batch-builder.js';
import {
  decodeEntryBatch,
  encodeEntryBatch,
  EntryBatchFormatError,
  MAX_FRAME_ENTRIES,
} from './entry-batch-codec.js';
import { type EntryBatch, EntryColumn } from './entry-batch.js';
import { allFingerprints } from './chain-fingerprints.js';
import { CA, pageBatch, precertEntry, tileBatch } from './precertificate/testing/precertificate-samples.js';
import { mutateFrame, resealed, runFrameTarget, SAMPLE_BATCHES } from './testing/frame-fuzz.js';
import { DIALECTS } from './testing/rendered-messages.js';
import { SeededNumbers } from './testing/seeded-numbers.js';

const samples = Object.entries(SAMPLE_BATCHES);
const frames = samples.map(([, batch]) => encodeEntryBatch(batch));
const page = SAMPLE_BATCHES['a page'];
const tile = SAMPLE_BATCHES['a data tile'];
const REFUSED = expect.objectContaining({ code: 'ENTRY_BATCH_FORMAT' });

/** Reports whether the decoder refuses the frame. @throws any error other than EntryBatchFormatError. */
function isRefused(frame: Buffer): boolean {
  try {
    decodeEntryBatch(frame);
    return false;
  } catch (error) {
    if (error instanceof EntryBatchFormatError) return true;
    throw error;
  }
}

function textsOf(entries: EntryBatch): string[] {
  const batch = new CertificateBatch(entries, new CertificateRenderer());
  const kinds = ['full', 'lite', 'domains'] as const;
  return DIALECTS.flatMap((dialect) => kinds.map((kind) => batch.texts(kind, dialect).buffer.toString()));
}

describe('a decoded batch', () => {
  it.each(samples)('of %s has the same texts, leaf hashes and head', (_what, batch) => {
    const decoded = decodeEntryBatch(encodeEntryBatch(batch));
    expect(textsOf(decoded)).toEqual(textsOf(batch));
    expect(leafHashes(decoded)).toEqual(leafHashes(batch));
    const { source, encoding, firstIndex, count, seen, timestamps, verification } = batch;
    expect(decoded).toMatchObject({ source, encoding, firstIndex, count, seen, timestamps, verification });
  });

  it.each(samples)('of %s is the same for each slice', (_what, batch) => {
    for (let from = 0; from < batch.count; from++) {
      for (let to = from + 1; to <= batch.count; to++) {
        const slice = sliceEntryBatch(batch, from, to);
        const decoded = decodeEntryBatch(encodeEntryBatch(slice));
        expect(textsOf(decoded)).toEqual(textsOf(slice));
        expect(leafHashes(decoded)).toEqual(leafHashes(slice));
        const ofDecoded = sliceEntryBatch(decodeEntryBatch(encodeEntryBatch(batch)), from, to);
        expect(encodeEntryBatch(ofDecoded)).toEqual(encodeEntryBatch(slice));
      }
    }
  });

  it('is a view on the frame, regardless of the address of the frame', () => {
    for (let offset = 0; offset < 9; offset++) {
      const bytes = Buffer.alloc(frames[0].length + offset);
      const frame = bytes.subarray(offset);
      frames[0].copy(frame);
      const decoded = decodeEntryBatch(frame);
      expect(decoded.bytes.buffer).toBe(bytes.buffer);
      expect(decoded.table.buffer).not.toBe(bytes.buffer);
      expect(textsOf(decoded)).toEqual(textsOf(page));
    }
  });

  it('has the same source object as other batches of its log', () => {
    const [one, two] = [page, tile].map((batch) =>
      [0, 1].map(() => decodeEntryBatch(encodeEntryBatch(batch))),
    );
    expect(one[0].source).toBe(one[1].source);
    expect(two[0].source).toBe(two[1].source);
    expect(one[0].source).not.toBe(two[0].source);
  });
});

describe('a frame', () => {
  it('has the fields that the table of the format lists', () => {
    const frame = encodeEntryBatch({
      ...tile,
      firstIndex: 2 ** 40 + 3,
      seen: 5.5,
      verification: 'verified',
    });
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    expect(frame.toString('latin1', 0, 4)).toBe('CTB\u0002');
    expect(view.getUint32(8, true)).toBe(frame.length);
    expect(view.getUint32(12, true)).toBe(4);
    expect(view.getBigUint64(16, true)).toBe(2n ** 40n + 3n);
    expect(view.getFloat64(24, true)).toBe(5.5);
    expect(view.getUint32(36, true)).toBe(2);
    expect([...frame.subarray(44, 48)]).toEqual([1, 1, 1, 0]);
    expect(view.getFloat64(48, true)).toBe(tile.timestamps[0]);
    const row = 48 + 4 * 8 + 40;
    expect(view.getUint32(row + 4 * EntryColumn.TimestampedEntryStart, true)).toBe(
      tile.table[10 + EntryColumn.TimestampedEntryStart],
    );
    const source = 48 + 4 * 48;
    expect(view.getUint32(source, true)).toBe(3);
    expect(frame.toString('latin1', source + 4, source + 7)).toBe('Log');
    const payload = frame.subarray(frame.length - view.getUint32(32, true));
    expect(payload).toEqual(tile.bytes);
  });

  it('contains a chain that entries share only once', () => {
    const chain = [Buffer.alloc(2000, 1)];
    const sizes = [1, 2, 3].map((count) => {
      const entries = Array.from({ length: count }, () => precertEntry({ chain }));
      return encodeEntryBatch(pageBatch(entries)).length;
    });
    expect(sizes[2] - sizes[1]).toBeLessThan(chain[0].length);
    const slice = sliceEntryBatch(pageBatch([1, 2, 3].map(() => precertEntry({ chain }))), 1, 3);
    expect(encodeEntryBatch(slice).length).toBeLessThan(sizes[1] + 8);
  });

  it('contains each issuer that its entries name once', () => {
    const own = Buffer.from('another issuer');
    const batch = tileBatch([precertEntry(), precertEntry(), precertEntry({ chain: [own, CA] })]);
    const issuersOf = (from: number, to: number) =>
      decodeEntryBatch(encodeEntryBatch(sliceEntryBatch(batch, from, to))).issuers;
    expect(batch.issuers.size).toBe(2);
    expect(issuersOf(0, 2).bytes).toBe(CA.length);
    const decoded = issuersOf(1, 3);
    expect([...allFingerprints(batch)].map((name) => decoded.get(name))).toEqual([CA, own]);
  });

  it('of version 1 is read: it has no LogID and no verification', () => {
    const older = encodeEntryBatch({ ...tile, verification: 'unverified' });
    older[3] = 1;
    const decoded = decodeEntryBatch(resealed(older));
    expect(decoded).toMatchObject({ source: tile.source, verification: 'unverified' });
    expect(decoded.source).not.toHaveProperty('logId');
    expect(textsOf(decoded)).toEqual(textsOf(tile));
  });

  it.each(['verified', 'unverified', 'failed', 'off'] as const)(
    'keeps the verification %s',
    (verification) => {
      expect(decodeEntryBatch(encodeEntryBatch({ ...page, verification })).verification).toBe(verification);
    },
  );

  it('of another version is refused with an error that names both versions', () => {
    const other = Buffer.from(frames[0]);
    other[3] = 3;
    expect(() => decodeEntryBatch(resealed(other))).toThrow(/version 3 .* reads versions 1 to 2/);
    expect(() => decodeEntryBatch(resealed(other))).toThrow(REFUSED);
  });

  it('cannot exceed the bounds', () => {
    const builder = new EntryBatchBuilder('get-entries', MAX_FRAME_ENTRIES + 1);
    for (let i = 0; i <= MAX_FRAME_ENTRIES; i++) builder.add(i);
    const { source, firstIndex, seen } = page;
    const batch = builder.build({ source, firstIndex, bytes: Buffer.alloc(0), seen });
    expect(() => encodeEntryBatch(batch)).toThrow(REFUSED);
    expect(decodeEntryBatch(encodeEntryBatch(sliceEntryBatch(batch, 1, MAX_FRAME_ENTRIES + 1))).count).toBe(
      MAX_FRAME_ENTRIES,
    );
    const huge = { ...sliceEntryBatch(page, 0, 1), bytes: Buffer.alloc(65 * 1024 * 1024) };
    huge.table[EntryColumn.ChainEnd] = huge.bytes.length;
    expect(() => encodeEntryBatch({ ...huge, table: huge.table.slice() })).toThrow(REFUSED);
  });
});

describe('damaged frames', () => {
  it.each(samples.map(([name], i) => [name, frames[i]] as const))(
    'of %s are refused after every truncation',
    (_what, frame) => {
      const cuts = Array.from(frame, (_octet, length) => frame.subarray(0, length));
      expect(cuts.filter((cut) => !isRefused(cut) || !isRefused(resealed(cut)))).toEqual([]);
    },
  );

  it.each(samples.map(([name], i) => [name, frames[i]] as const))(
    'of %s are refused after a change of any octet',
    (_what, frame) => {
      const others = Array.from(frame, (octet, at) =>
        Buffer.from(frame).fill(octet ^ (1 << (at % 8)), at, at + 1),
      );
      expect(others.filter((other) => !isRefused(other))).toEqual([]);
    },
  );

  it.each([
    ['more entries than octets', 12, 0xffff],
    ['a payload that is longer than the frame', 32, 0xffffffff],
    ['more issuers than octets', 36, 0xffffffff],
    ['a source that is longer than the frame', 40, 0xffffffff],
    ['an unknown encoding', 44, 2],
    ['an unknown verification', 44, 0x0004_0000],
    ['an offset after the payload', 48 + 4 * 8 + 4 * EntryColumn.ChainEnd, 0x7fffffff],
    ['an index that is not a safe integer', 20, 0x200000],
  ])('with %s are refused even if their checksum is correct', (_what, at, value) => {
    const changed = Buffer.from(frames[3]);
    changed.writeUInt32LE(value, at);
    expect(() => decodeEntryBatch(resealed(changed))).toThrow(REFUSED);
  });

  /** `npm run fuzz` runs a million of these mutations. */
  it.each([1, 2])(
    'are refused after mutations (seed %d); with a corrected checksum they are refused or valid',
    (seed) => {
      const random = new SeededNumbers(seed);
      const seen = { refused: 0, sound: 0 };
      for (let i = 0; i < 1000; i++) {
        const frame = random.pick(frames);
        const mutated = mutateFrame(frame, random);
        expect(isRefused(mutated), `mutation ${i}`).toBe(!mutated.equals(frame));
        seen[runFrameTarget(resealed(mutated)) === undefined ? 'refused' : 'sound']++;
      }
      expect(seen.refused).toBeGreaterThan(100);
      expect(seen.sound).toBeGreaterThan(100);
    },
  );
});
