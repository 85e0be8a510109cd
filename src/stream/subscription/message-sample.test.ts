import { describe, expect, it } from 'vitest';
import { MessageSample } from './message-sample.js';

const batch = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe(MessageSample, () => {
  it('chooses all messages below the rate', () => {
    let now = 0;
    const sample = new MessageSample(10, { now: () => now });
    for (; now < 60_000; now += 1000) expect(sample.choose(batch(10))).toEqual(batch(10));
    expect(sample.leftOut).toBe(0);
  });

  it('chooses the rate of more messages, in their order, and counts the others', () => {
    let now = 0;
    const sample = new MessageSample(10, { now: () => now });
    let chosen = 0;
    for (; now < 60_000; now += 100) {
      const positions = Array.from(sample.choose(batch(300)));
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      chosen += positions.length;
    }
    // Two seconds at once, then 10 per second.
    expect(chosen).toBe(20 + 599);
    expect(sample.takeLeftOut()).toBe(600 * 300 - chosen);
    expect(sample.takeLeftOut()).toBe(0);
  });

  it('chooses the last message as often as the first', () => {
    const counts = [0, 0, 0, 0];
    let now = 0;
    const sample = new MessageSample(1, { now: () => (now += 1000) });
    sample.choose(batch(2));
    for (let i = 0; i < 4000; i++) for (const at of Array.from(sample.choose(batch(4)))) counts[at]++;
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });

  it('chooses nothing of an empty batch', () => {
    expect(Array.from(new MessageSample(1).choose([]))).toEqual([]);
  });
});
