import { describe, expect, it } from 'vitest';
import { HashInput, SipHash } from './sip-hash.js';

/** Hashes the octets 0, 1, 2, ... @returns the hash in hexadecimal, least significant octet first. */
function hashOf(key: string, size: number): string {
  const input = new HashInput(64);
  input.octets.fill(0xff);
  for (let i = 0; i < size; i++) input.octets[i] = i;
  const hash = new SipHash(Buffer.from(key, 'hex'));
  hash.hash(input, size);
  const result = Buffer.alloc(8);
  result.writeInt32LE(hash.low, 0);
  result.writeInt32LE(hash.high, 4);
  return result.toString('hex');
}

describe(SipHash.name, () => {
  const KEY = '3d0e6f80a174c8124f78d2f9d2890a47';

  /** Computed by CPython 3.11, whose `hash(bytes)` is SipHash-1-3. */
  it.each([
    [1, '75970f21f05b257e'],
    [7, '4bd30d9995fd7c98'],
    [8, 'de08fe341e995084'],
    [9, '354fc4d62ba1a0a0'],
    [15, '5b3fa454dce71715'],
    [16, 'f5eb246c6aba2b64'],
    [63, 'a31ab29b57a0eab1'],
  ])('is SipHash-1-3 for %d octets', (size, expected) => {
    expect(hashOf(KEY, size)).toBe(expected);
  });

  /** Computed by the DefaultHasher of Rust, which is SipHash-1-3 with a key of zeros. */
  it.each([
    [0, '2c530c1562a7fbd1'],
    [1, '73e4018e1214a968'],
    [63, '5973f3e5393e5d38'],
  ])('is SipHash-1-3 for %d octets and a key of zeros', (size, expected) => {
    expect(hashOf('0'.repeat(32), size)).toBe(expected);
  });

  it('depends on every octet and on the key', () => {
    const sizes = Array.from({ length: 64 }, (_, size) => size);
    const keys = [KEY, '0'.repeat(32), `01${'0'.repeat(30)}`];
    const hashes = keys.flatMap((key) => sizes.map((size) => hashOf(key, size)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
