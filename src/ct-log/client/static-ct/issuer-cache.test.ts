import { describe, expect, it } from 'vitest';
import { IssuerCache } from './issuer-cache.js';

/** Adds `count` issuers of `size` bytes while the first is used all the time. @returns the number of kept issuers. */
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
  it('keeps all issuers of real logs', () => {
    expect(kept(2000, 1500)).toBe(2000);
  });

  it('is bounded in number and in bytes', () => {
    expect(kept(5000, 10)).toBe(4096);
    expect(kept(1000, 64 * 1024)).toBe(256);
  });

  it('remembers a failure of a log for a minute, and only the latest failures', () => {
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
