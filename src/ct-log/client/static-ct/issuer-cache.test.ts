import { describe, expect, it } from 'vitest';
import { IssuerCache } from './issuer-cache.js';

/** Number of issuers of `size` bytes that are left of `count`, the first of which is asked for all the time. */
function kept(count: number, size: number): number {
  const cache = new IssuerCache();
  for (let i = 0; i < count; i++) {
    cache.set(String(i), Buffer.alloc(size));
    cache.set(String(i), Buffer.alloc(size));
    expect(cache.get('0')).toBeDefined();
  }
  return Array.from({ length: count }, (_, i) => cache.get(String(i))).filter((der) => der !== undefined)
    .length;
}

describe(IssuerCache.name, () => {
  it('keeps everything that real logs name', () => {
    expect(kept(2000, 1500)).toBe(2000);
  });

  it('is bounded in number, and in bytes for issuers that are large', () => {
    expect(kept(5000, 10)).toBe(4096);
    expect(kept(1000, 64 * 1024)).toBe(256);
  });

  it('remembers a failure of one log for a minute, and of the latest ones only', () => {
    let now = 0;
    const cache = new IssuerCache(() => now);
    for (let i = 0; i < 5000; i++) cache.fail('https://log.net', String(i));
    expect(cache.hasFailed('https://log.net', '0')).toBe(false);
    expect(cache.hasFailed('https://log.net', '4999')).toBe(true);
    expect(cache.hasFailed('https://other.net', '4999')).toBe(false);
    now = 60_000;
    expect(cache.hasFailed('https://log.net', '4999')).toBe(false);
  });
});
