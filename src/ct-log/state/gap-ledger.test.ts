import { describe, expect, it } from 'vitest';
import { GapLedger, MAX_GAPS, type NewGap } from './gap-ledger.js';

const reason = 'CT_HTTP_STATUS';
const ranges = (ledger: GapLedger) => ledger.all().map(({ from, to }) => [from, to]);
const hash = Buffer.alloc(32, 1);

describe(GapLedger.name, () => {
  it('keeps gaps in order and joins those that touch', () => {
    const added: (NewGap | undefined)[] = [];
    const ledger = new GapLedger([], { onChange: (gap) => added.push(gap), now: () => 7 });
    for (const [from, to] of [
      [50, 60],
      [10, 20],
      [60, 70],
      [15, 30],
    ])
      ledger.add({ from, to, reason });
    ledger.add({ from: 5, to: 5, reason });
    expect(ranges(ledger)).toEqual([
      [10, 30],
      [50, 70],
    ]);
    expect(ledger.all()[0]).toEqual({
      from: 10,
      to: 30,
      missing: 20,
      since: 7,
      reason,
      tries: 0,
      skipped: false,
    });
    expect(ledger.missing(false)).toBe(40);
    expect(added).toHaveLength(4);
  });

  it('does not join skipped gaps with others', () => {
    const ledger = new GapLedger();
    ledger.add({ from: 0, to: 10, reason: 'start', skipped: true });
    ledger.add({ from: 10, to: 20, reason });
    ledger.filled(0, 20);
    expect(ledger.all()).toMatchObject([{ from: 0, to: 10, skipped: true }]);
    expect([ledger.missing(true), ledger.missing(false)]).toEqual([10, 0]);
  });

  it('removes filled entries, and keeps the compact range at the start of the rest', () => {
    const ledger = new GapLedger();
    ledger.add({ from: 10, to: 30, reason, range: [hash, hash] });
    ledger.filled(10, 16, [hash]);
    expect(ledger.all()).toMatchObject([{ from: 16, to: 30, missing: 14, range: [hash] }]);
    ledger.filled(20, 25);
    expect(ledger.all()).toMatchObject([
      { from: 16, to: 20, range: [hash] },
      { from: 25, to: 30 },
    ]);
    expect(ledger.all()[1].range).toBeUndefined();
    ledger.filled(0, 100);
    expect(ledger.all()).toEqual([]);
  });

  it('keeps the compact range at the start of a gap, if it is known', () => {
    const ledger = new GapLedger([], { rangeAt: (index) => (index === 8 ? [hash] : undefined) });
    ledger.add({ from: 8, to: 10, reason });
    ledger.add({ from: 5, to: 6, reason });
    expect(ledger.all().map(({ range }) => range)).toEqual([undefined, [hash]]);
    ledger.add({ from: 6, to: 8, reason });
    expect(ledger.all()).toMatchObject([{ from: 5, to: 10 }]);
    expect(ledger.all()[0].range).toBeUndefined();
  });

  it('counts the tries of one gap', () => {
    const ledger = new GapLedger();
    ledger.add({ from: 10, to: 30, reason });
    ledger.add({ from: 40, to: 50, reason });
    ledger.failed(40, 'CT_TIMEOUT');
    ledger.failed(40, 'CT_NETWORK');
    expect(ledger.all()).toMatchObject([
      { tries: 0, reason },
      { tries: 2, reason: 'CT_NETWORK' },
    ]);
  });

  it('is bounded: it joins the two nearest gaps and keeps the number of missing entries', () => {
    const ledger = new GapLedger();
    for (let i = 0; i < MAX_GAPS; i++) ledger.add({ from: i * 100, to: i * 100 + 10, reason });
    ledger.add({ from: 5050, to: 5060, reason });
    expect(ledger.all()).toHaveLength(MAX_GAPS);
    expect(ledger.missing(false)).toBe((MAX_GAPS + 1) * 10);
    expect(ranges(ledger)).toContainEqual([5000, 5060]);
    ledger.filled(0, MAX_GAPS * 100);
    expect(ledger.all()).toEqual([]);
  });

  it('removes what will be streamed again from an index on', () => {
    let changes = 0;
    const ledger = new GapLedger([], { onChange: () => changes++ });
    ledger.add({ from: 1, to: 3, reason: 'x' });
    ledger.add({ from: 5, to: 9, reason: 'x' });
    ledger.add({ from: 12, to: 14, reason: 'x' });
    ledger.truncate(14);
    expect(changes).toBe(3);
    ledger.truncate(7);
    expect(changes).toBe(4);
    expect(ledger.all()).toMatchObject([
      { from: 1, to: 3, missing: 2 },
      { from: 5, to: 7, missing: 2 },
    ]);
  });
});
