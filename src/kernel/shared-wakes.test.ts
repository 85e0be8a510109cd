import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedWakes } from './shared-wakes.js';

let wakes: SharedWakes;
let woken: { name: string; at: number }[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.advanceTimersByTime(103);
  wakes = new SharedWakes(() => performance.now());
  woken = [];
});
afterEach(() => vi.useRealTimers());

function wait(name: string, ms: number): () => void {
  return wakes.after(ms, () => woken.push({ name, at: performance.now() }));
}

describe('SharedWakes', () => {
  it('ends short pauses exactly, and long pauses at the next step', () => {
    const start = performance.now();
    wait('short', 999);
    wait('long', 1000);
    wait('longer', 4001);
    vi.advanceTimersByTime(10_000);
    expect(woken.map(({ name }) => name)).toEqual(['short', 'long', 'longer']);
    expect(woken[0].at).toBe(start + 999);
    expect(woken[1].at % 250).toBe(0);
    expect(woken[2].at % 500).toBe(0);
  });

  it('ends no pause early, and no pause more than one step late', () => {
    const pauses = Array.from({ length: 300 }, (_, i) => 1000 + 37 * i);
    const start = performance.now();
    for (const ms of pauses) wait(`${ms}`, ms);
    vi.advanceTimersByTime(20_000);
    expect(woken).toHaveLength(pauses.length);
    for (const { name, at } of woken) {
      expect(at).toBeGreaterThanOrEqual(start + Number(name));
      expect(at).toBeLessThan(start + Number(name) + (Number(name) < 4000 ? 250 : 500));
    }
  });

  it('wakes once for all pauses that end at the same step', () => {
    for (let i = 0; i < 50; i++) wait(`${i}`, 5000 + i);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(6000);
    expect(woken).toHaveLength(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cancels a wait, also within the step in which it would end', () => {
    const cancelled = [wait('a', 5000), wait('b', 5000)];
    wakes.after(5000, () => cancelled.forEach((cancel) => cancel()));
    cancelled.push(wait('c', 5001), wait('d', 9000));
    cancelled[0]();
    vi.advanceTimersByTime(20_000);
    expect(woken.map(({ name }) => name)).toEqual(['b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps no timer after every wait is cancelled', () => {
    const cancels = [wait('a', 5000), wait('b', 1000), wait('c', 100)];
    for (const cancel of cancels) cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('accepts a wait that begins in a callback', () => {
    wakes.after(1000, () => wait('next', 1000));
    vi.advanceTimersByTime(3000);
    expect(woken.map(({ name }) => name)).toEqual(['next']);
  });
});
