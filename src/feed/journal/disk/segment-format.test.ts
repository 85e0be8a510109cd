import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../../../certificate/testing/seeded-numbers.js';
import {
  findRecord,
  formatHeader,
  formatRecordHead,
  HEADER_BYTES,
  newHeader,
  parseHeader,
  RECORD_HEAD_BYTES,
  type StoredRecord,
} from './segment-format.js';

const EPOCH = '00112233aabbccdd';
const numbers = new SeededNumbers(7);
/** No record ends with an octet of this mark: a mutation could then make two records overlap without changing either. */
const header = { ...newHeader(EPOCH, 3, 5), mark: Buffer.from('d1c7a3e9', 'hex'), seed: 0x5eed };
const records: StoredRecord[] = [0, 1, 3, 40, 200].map((size, i) => ({
  seq: 5 + i * 2,
  kind: (['next', 'again', 'late'] as const)[i % 3],
  time: 1_763_795_400_123 + i,
  payload: numbers.bytes(size),
}));
const stored = records.map((record) => Buffer.concat([formatRecordHead(header, record), record.payload]));
const whole = Buffer.concat(stored);

const textOf = ({ seq, kind, time, payload }: StoredRecord): string =>
  `${seq} ${kind} ${time} ${payload.toString('hex')}`;

/** Returns all records of a segment that is read in chunks of `step` octets. */
function scan(bytes: Buffer, step = Infinity): StoredRecord[] {
  const found: StoredRecord[] = [];
  let size = step;
  for (let offset = 0; offset < bytes.length;) {
    const chunk = bytes.subarray(offset, offset + size);
    let at = 0;
    for (;;) {
      const next = findRecord(header, chunk, at, bytes.length - offset);
      if (next === undefined) return found;
      if ('needed' in next) {
        if (next.needed <= chunk.length - next.start) throw new Error('needs octets that it has');
        if (offset + next.start + next.needed > bytes.length)
          throw new Error('needs more octets than there are');
        offset += next.start;
        size = Math.max(step, next.needed);
        break;
      }
      const { seq, kind, time, payload } = next;
      found.push({ seq, kind, time, payload });
      at = next.end;
    }
  }
  return found;
}

describe('the header of a segment', () => {
  it('is read as it was written', () => {
    expect(parseHeader(formatHeader(header), 'x')).toEqual(header);
  });

  it('is refused with any bit flipped, any octet missing, or another version', () => {
    const bytes = formatHeader(header);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      expect(() => parseHeader(flipped, 'x')).toThrow(expect.objectContaining({ code: 'JOURNAL_DAMAGED' }));
    }
    for (let end = 0; end < bytes.length; end++)
      expect(() => parseHeader(bytes.subarray(0, end), 'x')).toThrow(
        expect.objectContaining({ code: 'JOURNAL_DAMAGED' }),
      );
    bytes[8]++;
    bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
    expect(() => parseHeader(bytes, 'x')).toThrow(expect.objectContaining({ code: 'JOURNAL_OTHER_VERSION' }));
  });
});

describe('the records of a segment', () => {
  it('are found with any size of reads', () => {
    for (const step of [1, 3, 25, 26, 27, 64, 250, Infinity]) expect(scan(whole, step)).toEqual(records);
  });

  it('are found up to the cut of a segment, at each octet', () => {
    for (let end = 0; end <= whole.length; end++) {
      const got = scan(whole.subarray(0, end), 50);
      expect(got).toEqual(records.slice(0, got.length));
      const next = records.slice(0, got.length + 1);
      const octets = next.reduce((sum, { payload }) => sum + RECORD_HEAD_BYTES + payload.length, 0);
      if (got.length < records.length) expect(octets).toBeGreaterThan(end);
    }
  });

  it('are never wrong after a mutation, and all unchanged records are found', () => {
    const random = new SeededNumbers(2026);
    for (let round = 0; round < 20_000; round++) {
      let bytes = Buffer.from(whole);
      for (let changes = 1 + random.below(3); changes > 0; changes--) {
        const at = random.below(bytes.length);
        const kind = random.below(4);
        if (kind === 0) bytes[at] ^= 1 << random.below(8);
        else if (kind === 1) random.bytes(1 + random.below(8)).copy(bytes, at);
        else if (kind === 2)
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.below(40))]);
        else
          bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(40)), bytes.subarray(at)]);
      }
      const untouched = records.filter((_, i) => bytes.includes(stored[i]));
      expect(scan(bytes, random.pick([10, 100, Infinity])).map(textOf)).toEqual(untouched.map(textOf));
    }
  });

  it('are not found in another segment or inside a damaged record', () => {
    expect(
      scan(Buffer.concat(records.flatMap((r) => [formatRecordHead(newHeader(EPOCH, 3, 5), r), r.payload]))),
    ).toEqual([]);
    const guessed = { ...newHeader(EPOCH, 3, 5), mark: header.mark };
    const inner = Buffer.concat([formatRecordHead(guessed, records[0]), records[0].payload]);
    const outer = formatRecordHead(header, { ...records[3], payload: inner });
    outer[20] ^= 1;
    expect(scan(Buffer.concat([outer, inner, whole]))).toEqual(records);
  });

  it('are searched only within the segment, even if a damaged head has a wrong length', () => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(0xffffffff, 8);
    expect(scan(bytes, 100)).toEqual(records.slice(1));
    bytes.writeUInt32LE(whole.length - RECORD_HEAD_BYTES, 8);
    expect(scan(bytes, 100)).toEqual(records.slice(1));
  });
});
