import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { NEVER_FIRST, NEVER_LAST, SightingTable } from './sighting-table.js';

const SLOT_BYTES = 16;

function note(table: SightingTable, low: number, high: number, record: number): [number, number] {
  table.note(low, high, record);
  return [table.first, table.last];
}

describe(SightingTable.name, () => {
  it('returns the first and the last sighting before each new one', () => {
    const table = new SightingTable(1024, () => 0);
    expect(note(table, 1, 2, 10)).toEqual([NEVER_FIRST, NEVER_LAST]);
    expect(note(table, 1, 2, 12)).toEqual([10, 10]);
    expect(note(table, 1, 2, -5)).toEqual([10, 12]);
    expect(note(table, 1, 3, 13)).toEqual([NEVER_FIRST, NEVER_LAST]);
    table.find(1, 2);
    expect([table.first, table.last]).toEqual([-5, 12]);
    table.find(2, 2);
    expect([table.first, table.last]).toEqual([NEVER_FIRST, NEVER_LAST]);
    expect(table.size).toBe(2);
  });

  it('agrees with a Map while there is room', () => {
    const random = new SeededNumbers(1);
    const table = new SightingTable(5000 * 2 * SLOT_BYTES, () => 0);
    const expected = new Map<number, [number, number]>();
    for (let i = 0; i < 20_000; i++) {
      // Few different upper bits, so that many certificates have the same slot.
      const low = random.below(40) << 26;
      const high = 1 + random.below(100);
      const record = random.below(1000) - 500;
      const key = low * 1000 + high;
      const known = expected.get(key) ?? [NEVER_FIRST, NEVER_LAST];
      expect(note(table, low, high, record)).toEqual(known);
      expected.set(key, [Math.min(known[0], record), Math.max(known[1], record)]);
    }
    expect(table.size).toBe(expected.size);
  });

  it('has a bounded size, forgets the oldest sightings and never invents one', () => {
    const random = new SeededNumbers(2);
    const slots = 1000;
    const table = new SightingTable(slots * SLOT_BYTES, () => 0);
    const seen = new Map<string, number[]>();
    const order: string[] = [];
    for (let record = 0; record < 20_000; record++) {
      const isKnown = random.below(3) === 0 && order.length > 0;
      const key = isKnown
        ? order[order.length - 1 - random.below(Math.min(300, order.length))]
        : `${record} ${random.below(1e9)}`;
      const [low, high] = key.split(' ').map((part) => Math.imul(Number(part) + 1, 0x9e3779b1));
      const before = seen.get(key) ?? [];
      const [first, last] = note(table, low, high, record);
      if (first !== NEVER_FIRST) expect(before).toContain(first);
      if (last !== NEVER_LAST) expect(before.at(-1)).toBe(last);
      // A generation has 425 certificates, and the newest 300 are in the two generations.
      if (isKnown) expect(last).toBe(before.at(-1));
      seen.set(key, [...before, record]);
      order.push(key);
      expect(table.size).toBeLessThan(slots);
    }
  });

  it('knows the age of its oldest sightings', () => {
    let now = 1000;
    const table = new SightingTable(20 * SLOT_BYTES, () => now);
    expect(table.age).toBe(0);
    const ages: number[] = [];
    for (let i = 1; i <= 30; i++) {
      table.note(Math.imul(i, 0x9e3779b1), i, i);
      now += 10;
      if (i % 8 === 0) ages.push(table.age);
    }
    // A generation has 8 certificates. With the third generation the first one is forgotten.
    expect(ages).toEqual([80, 90, 90]);
  });
});
