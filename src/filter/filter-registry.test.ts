import { describe, expect, it, vi } from 'vitest';
import { certificate, name } from '../certificate/testing/der-builder.js';
import { batchOf } from '../certificate/testing/log-entries.js';
import { both } from './filter-changes.js';
import type { FilterHandle } from './filter-handle.js';
import { FilterIndex } from './filter-index.js';
import { filterFromJson } from './filter-input.js';
import { FilterRegistry } from './filter-registry.js';

const BOUNDS = { terms: 1_000_000, expressions: 20, bytes: 1e9 };
const filterOf = (fields: unknown) => filterFromJson(fields, BOUNDS)!;
const large = (suffix: string, count = 5000) =>
  filterOf({ domain: Array.from({ length: count }, (_, i) => `a${i}.${suffix}`) });
const batch = batchOf(
  ['a1.com', 'a4999.com', 'b.net'].map((common) => ({
    timestamp: 0,
    submitted: certificate({ subject: name(['CN', common]) }),
    chain: Buffer.alloc(0),
  })),
);

function matched(index: FilterIndex): Map<FilterHandle, number[]> {
  const found = new Map<FilterHandle, number[]>();
  index.match(batch, (handle, positions) => found.set(handle, [...positions]));
  return found;
}

function runSteps(index: FilterIndex): number {
  let steps = 0;
  for (; index.isBusy; steps++) index.step();
  return steps;
}

/** Brands of 60 letters, which have the most hashes. */
const brands = (count: number) =>
  filterOf({
    similar: Array.from({ length: count }, (_, i) => `${String(1000 + i).padEnd(60, 'abcdefg')}.com`),
  });

describe(FilterRegistry.name, () => {
  it('adds and removes long brands and expressions in steps, however few they are', () => {
    for (const filter of [brands(10), filterOf({ regex: ['^a.b$', '^a.c$'] })]) {
      const index = new FilterIndex();
      const handle = index.add(filter);
      expect(handle.isActive).toBe(false);
      expect(runSteps(index)).toBeGreaterThan(1);
      expect(handle.isActive).toBe(true);
      index.remove(handle);
      runSteps(index);
      expect(index).toMatchObject({ size: 0, termCount: 0, bytes: 0, isBusy: false });
    }
  });

  it('counts the memory of brands, which is much larger than their text', () => {
    const filter = brands(1000);
    expect(() => new FilterIndex({ maxBytes: 10 * filter.bytes }).add(filter)).toThrow(/at most/);
    const index = new FilterIndex({ maxBytes: filter.weight });
    expect(index.add(filter).isActive).toBe(false);
    expect(index.bytes).toBe(filter.weight);
  });

  it('holds equal filters once, until the last reference is removed', () => {
    const index = new FilterIndex();
    const first = index.add(filterOf({ domain: ['b.net'] }));
    expect(index.add(filterOf({ domain: 'B.net.' }))).toBe(first);
    expect(index.size).toBe(1);
    index.remove(first);
    expect(matched(index)).toEqual(new Map([[first, [2]]]));
    index.remove(first);
    expect(matched(index).size).toBe(0);
    expect(index).toMatchObject({ size: 0, termCount: 0, bytes: 0, isBusy: false });
  });

  it('matches the entries after one that cannot be read', () => {
    const onDefect = vi.fn();
    const index = new FilterIndex({ onDefect });
    const handles = [index.add(filterOf({ type: 'cert' })), index.add(filterOf({ domain: 'a1.com' }))];
    const visit = vi.fn();
    index.match({ ...batch, bytes: undefined as unknown as Buffer }, visit);
    expect(onDefect).toHaveBeenCalledTimes(3);
    expect(matched(index)).toEqual(
      new Map([
        [handles[0], [0, 1, 2]],
        [handles[1], [0]],
      ]),
    );
  });

  it('activates a large filter after its last step, and a small one at once', () => {
    const index = new FilterIndex();
    const activated = vi.fn();
    const handle = index.add(large('com'), activated);
    const small = index.add(filterOf({ domain: 'com' }));
    index.step();
    index.add(large('com'), activated);
    expect(matched(index)).toEqual(new Map([[small, [0, 1]]]));
    expect(activated).not.toHaveBeenCalled();
    expect(runSteps(index)).toBeGreaterThan(8);
    expect(activated).toHaveBeenCalledTimes(2);
    expect(matched(index)).toEqual(
      new Map([
        [small, [0, 1]],
        [handle, [0, 1]],
      ]),
    );
  });

  it('takes turns between large filters', () => {
    const index = new FilterIndex();
    const order: string[] = [];
    index.add(large('com', 50_000), () => order.push('larger'));
    index.add(large('net', 1000), () => order.push('smaller'));
    runSteps(index);
    expect(order).toEqual(['smaller', 'larger']);
  });

  it('forgets a large filter that is removed before it is active', () => {
    const index = new FilterIndex();
    const activated = vi.fn();
    const handle = index.add(large('com'), activated);
    index.step();
    index.remove(handle);
    const again = index.add(large('com'));
    runSteps(index);
    expect(activated).not.toHaveBeenCalled();
    expect(again).not.toBe(handle);
    expect(matched(index)).toEqual(new Map([[again, [0, 1]]]));
    index.remove(again);
    expect(matched(index).size).toBe(0);
    runSteps(index);
    expect(index).toMatchObject({ size: 0, termCount: 0, bytes: 0 });
    expect(index.terms.names.domain.size).toBe(0);
  });

  it('applies the outer filter of several filters, which is held once', () => {
    const index = new FilterIndex();
    const outer = large('com');
    const activated = vi.fn();
    const inside = index.add(both(filterOf({ exclude_domain: 'a1.com' }), outer), activated);
    const disjoint = index.add(both(filterOf({ domain: 'net' }), outer));
    expect(index.size).toBe(3);
    expect(activated).not.toHaveBeenCalled();
    runSteps(index);
    expect(activated).toHaveBeenCalledTimes(1);
    expect(matched(index)).toEqual(new Map([[inside, [1]]]));
    index.remove(inside);
    index.remove(disjoint);
    runSteps(index);
    expect(index.size).toBe(0);
  });

  it('refuses filters beyond the bound of all filters', () => {
    const index = new FilterIndex({ maxBytes: 1000 });
    const handle = index.add(filterOf({ issuer: 'x'.repeat(800) }));
    expect(() => index.add(filterOf({ issuer: 'y'.repeat(800) }))).toThrow(
      expect.objectContaining({ code: 'FILTER_CAPACITY' }),
    );
    index.remove(handle);
    index.add(filterOf({ issuer: 'y'.repeat(800) }));
  });

  it('matches the other filters when a matcher has a defect', () => {
    const onDefect = vi.fn();
    const index = new FilterIndex({ onDefect });
    const domain = index.add(filterOf({ domain: 'b.net' }));
    index.add(filterOf({ keyword: 'b.net' }));
    vi.spyOn(index.terms.names.keyword.matcher, 'match').mockImplementation(() => {
      throw new RangeError('defect');
    });
    expect(matched(index)).toEqual(new Map([[domain, [2]]]));
    expect(onDefect).toHaveBeenCalledTimes(batch.count);
  });

  it('lets no name pass a filter whose exclusions have a defect, and does not hold up the other filters', () => {
    const index = new FilterIndex();
    const domain = index.add(filterOf({ domain: 'b.net' }));
    index.add(filterOf({ exclude_keyword: 'secret' }));
    index.add(filterOf({ domain: 'b.net', exclude_keyword: 'secret' }));
    const other = index.add(filterOf({ domain: 'b.net', exclude_domain: 'c.net' }));
    vi.spyOn(index.terms.excluded.exclude_keyword, 'match').mockImplementation(() => {
      throw new RangeError('defect');
    });
    expect(matched(index)).toEqual(
      new Map([
        [domain, [2]],
        [other, [2]],
      ]),
    );
  });
});
