import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter.js';

describe(RateMeter, () => {
  it('measures from step to step', () => {
    const meter = new RateMeter();
    meter.begin(0, 0);
    for (let second = 1; second <= 20; second++) {
      meter.note(second * 3000, second * 1000);
      for (const ms of [1, 500, 999]) expect(meter.rate(second * 3000 + 7, second * 1000 + ms)).toBe(3000);
    }
  });

  it('falls when nothing arrives, and to zero', () => {
    const meter = new RateMeter();
    meter.begin(0, 0);
    meter.note(100, 1000);
    expect(meter.rate(100, 2999)).toBe(100);
    expect(meter.rate(100, 4000)).toBe(25);
    for (let ms = 5000; ms < 20_000; ms += 250) meter.rate(100, ms);
    expect(meter.rate(100, 20_000)).toBe(0);
  });

  it('follows a rate that changes', () => {
    const meter = new RateMeter();
    meter.begin(0, 0);
    let count = 0;
    for (let second = 1; second <= 10; second++) meter.note((count += 1000), second * 1000);
    for (let second = 11; second <= 20; second++) meter.note((count += 10), second * 1000);
    expect(meter.rate(count, 20_500)).toBe(10);
  });

  it('is zero before any time has passed', () => {
    expect(new RateMeter().rate(5, 100)).toBe(0);
  });
});
