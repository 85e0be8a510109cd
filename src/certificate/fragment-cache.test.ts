import { describe, expect, it } from 'vitest';
import { sourceOf } from './byte-source.js';
import { FragmentCache } from './fragment-cache.js';

function json(text: string): Buffer {
  return Buffer.from(text);
}

describe(FragmentCache.name, () => {
  it('finds a fragment by the bytes of its key, wherever they are', () => {
    const cache = new FragmentCache(10, 10_000);
    cache.add(sourceOf(Buffer.from('xxkeyxx')), 2, 5, json('1'));
    expect(cache.find(sourceOf(Buffer.from('key')), 0, 3)?.toString()).toBe('1');
    expect(cache.find(sourceOf(Buffer.from('kez')), 0, 3)).toBeUndefined();
    expect(cache.find(sourceOf(Buffer.from('key2')), 0, 4)).toBeUndefined();
  });

  it('keeps no reference to the memory of the key', () => {
    const cache = new FragmentCache(10, 10_000);
    const bytes = Buffer.from('key');
    cache.add(sourceOf(bytes), 0, 3, json('1'));
    bytes.fill(0);
    expect(cache.find(sourceOf(Buffer.from('key')), 0, 3)?.toString()).toBe('1');
  });

  it('distinguishes long keys with the same hash', () => {
    const cache = new FragmentCache(10, 1_000_000);
    const one = Buffer.alloc(1000, 'a');
    const other = Buffer.alloc(1000, 'a');
    other[505] = 0x62;
    cache.add(sourceOf(one), 0, 1000, json('one'));
    expect(cache.find(sourceOf(other), 0, 1000)).toBeUndefined();
    cache.add(sourceOf(other), 0, 1000, json('other'));
    expect(cache.find(sourceOf(other), 0, 1000)?.toString()).toBe('other');
    expect(cache.find(sourceOf(one), 0, 1000)).toBeUndefined();
  });

  it('forgets unused fragments and keeps used ones', () => {
    const cache = new FragmentCache(10, 100_000);
    cache.add(sourceOf(Buffer.from('used')), 0, 4, json('used'));
    cache.add(sourceOf(Buffer.from('idle')), 0, 4, json('idle'));
    for (let i = 0; i < 100; i++) {
      const key = Buffer.from(`key${i}`);
      cache.add(sourceOf(key), 0, key.length, json('x'));
      expect(cache.find(sourceOf(Buffer.from('used')), 0, 4)?.toString()).toBe('used');
    }
    expect(cache.find(sourceOf(Buffer.from('idle')), 0, 4)).toBeUndefined();
    expect(cache.find(sourceOf(Buffer.from('key1')), 0, 4)).toBeUndefined();
    expect(cache.find(sourceOf(Buffer.from('key99')), 0, 5)?.toString()).toBe('x');
  });

  it('is bounded in bytes', () => {
    const cache = new FragmentCache(1000, 1600);
    const keys = Array.from({ length: 50 }, (_, i) => Buffer.from(`key${i}`));
    for (const key of keys) cache.add(sourceOf(key), 0, key.length, Buffer.alloc(90));
    expect(keys.filter((key) => cache.find(sourceOf(key), 0, key.length)).length).toBeLessThanOrEqual(34);
    cache.add(sourceOf(Buffer.from('big')), 0, 3, Buffer.alloc(200));
    expect(cache.find(sourceOf(Buffer.from('big')), 0, 3)).toBeUndefined();
  });
});
