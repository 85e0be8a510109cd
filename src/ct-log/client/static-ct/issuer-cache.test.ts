import { describe, expect, it } from 'vitest';
import { IssuerCache } from './issuer-cache.js';

/** Adds `count` issuers of `size` bytes while the first is used all the time. @returns the number of kept issuers. */
function kept(count: number, size: number): number {
  const cache = new IssuerCache();
  for (let i = 0; i < count; i++) {
    cache.set(String(i), Buffer.alloc(size), 'https://log.net');
    cache.set(String(i), Buffer.alloc(size), 'https://log.net');
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

  it.each([
    ['issuers', 10, 5000],
    ['bytes of issuers', 64 * 1024, 1000],
  ])('keeps the issuers of other logs if one log has many %s', (_what, size, count) => {
    const cache = new IssuerCache();
    const others = ['a', 'b', 'c', 'd', 'e'].map((name) => `https://${name}.net`);
    for (const url of others) cache.set(url, Buffer.alloc(1000), url);
    for (let i = 0; i < count; i++) {
      cache.set(String(i), Buffer.alloc(size), 'https://many.net');
      cache.fail('https://many.net', String(i));
      if (i === 0) cache.fail(others[0], 'x');
    }
    expect(others.filter((url) => cache.get(url) === undefined)).toEqual([]);
    expect(cache.get(String(count - 1))).toBeDefined();
    expect(cache.hasFailed(others[0], 'x')).toBe(true);
  });

  it('returns the most recently used issuers of each log last', () => {
    const cache = new IssuerCache();
    for (let i = 0; i < 5; i++) cache.set(`a${i}`, Buffer.from(`a${i}`), 'https://a.net');
    for (let i = 0; i < 2; i++) cache.set(`b${i}`, Buffer.from(`b${i}`), 'https://b.net');
    cache.get('a0');
    expect(cache.all().map(String).slice(0, 3)).toEqual(['a1', 'a2', 'a3']);
    expect(cache.all().map(String).slice(-2).sort()).toEqual(['a0', 'b1']);
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
