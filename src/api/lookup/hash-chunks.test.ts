import { describe, expect, it } from 'vitest';
import { digest } from '../../certificate/fingerprint.js';
import { BYTES_PER_ENTRY, CHUNK_ENTRIES, HashChunks } from './hash-chunks.js';

const digestOf = (n: number): string => digest('sha256', Buffer.from(String(n)));

describe(HashChunks.name, () => {
  it('finds every digest in chunks, and no other', () => {
    const chunks = new HashChunks(32, 4);
    const count = 2 * CHUNK_ENTRIES + 1000;
    for (let n = 0; n < count; n++)
      chunks.add(digestOf(n), { seq: 1 + Math.floor(n / 256), position: n % 256 });
    expect(chunks.entries).toBe(count);
    for (let n = 0; n < count; n += 997)
      expect([...chunks.find(digestOf(n))]).toEqual([{ seq: 1 + Math.floor(n / 256), position: n % 256 }]);
    for (let n = count; n < count + 1000; n++) expect([...chunks.find(digestOf(n))]).toEqual([]);
  });

  it('returns the newest place of a digest that was added often, and counts it once', () => {
    const chunks = new HashChunks(20, 2);
    for (let seq = 1; seq <= 200_000; seq++) chunks.add(digestOf(1), { seq, position: 3 });
    expect([...chunks.find(digestOf(1))]).toEqual([{ seq: 200_000, position: 3 }]);
    expect(chunks.entries).toBe(1);
  });

  it('drops the oldest chunk above its bound, and chunks of dropped records', () => {
    const chunks = new HashChunks(32, 2);
    const last = 3 * CHUNK_ENTRIES;
    for (let n = 1; n <= last; n++) chunks.add(digestOf(n), { seq: n, position: 0 });
    expect(chunks.oldest).toBe(CHUNK_ENTRIES + 1);
    expect([...chunks.find(digestOf(1))]).toEqual([]);
    chunks.dropBefore(2 * CHUNK_ENTRIES);
    expect(chunks.oldest).toBe(CHUNK_ENTRIES + 1);
    chunks.dropBefore(2 * CHUNK_ENTRIES + 1);
    expect(chunks.oldest).toBe(2 * CHUNK_ENTRIES + 1);
    expect([...chunks.find(digestOf(last))]).toEqual([{ seq: last, position: 0 }]);
  });

  it('takes less than 18 octets for an entry', () => {
    expect(BYTES_PER_ENTRY).toBeLessThan(18);
  });
});
