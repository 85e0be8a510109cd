import { describe, expect, it } from 'vitest';
import { Sampler } from './sampler.js';

describe(Sampler, () => {
  it('chooses all items below the rate, in their order', () => {
    const sampler = new Sampler<number>({ perTick: 1, burst: 5 });
    for (let tick = 0; tick < 100; tick++) {
      sampler.offer(tick);
      expect(sampler.take()).toEqual([tick]);
    }
  });

  it('chooses the average above the rate, after a burst', () => {
    const sampler = new Sampler<number>({ perTick: 1.25, burst: 20 });
    const sizes = [];
    for (let tick = 0; tick < 41; tick++) {
      for (let n = 0; n < 750; n++) sampler.offer(n);
      sizes.push(sampler.take().length);
    }
    expect(sizes[0]).toBe(20);
    expect(sizes.slice(1).reduce((a, b) => a + b)).toBe(50);
    expect(Math.max(...sizes.slice(1))).toBe(2);
  });

  it('chooses every item with the same probability, in the order of arrival', () => {
    let seed = 1;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const counts = Array.from({ length: 10 }, () => 0);
    for (let run = 0; run < 10_000; run++) {
      const sampler = new Sampler<number>({ perTick: 3, burst: 3, random });
      for (let n = 0; n < 10; n++) sampler.offer(n);
      const items = sampler.take();
      expect(items).toEqual([...items].sort((a, b) => a - b));
      for (const item of items) counts[item]++;
    }
    for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(250);
  });

  it('is ready for a burst after a quiet time', () => {
    const sampler = new Sampler<number>({ perTick: 1, burst: 4 });
    for (let n = 0; n < 100; n++) sampler.offer(n);
    sampler.take();
    for (let tick = 0; tick < 4; tick++) expect(sampler.take()).toEqual([]);
    for (let n = 0; n < 4; n++) sampler.offer(n);
    expect(sampler.take()).toEqual([0, 1, 2, 3]);
  });
});
