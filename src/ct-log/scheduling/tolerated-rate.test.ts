import { describe, expect, it } from 'vitest';
import { ToleratedRate } from './tolerated-rate.js';

/** Requests that always have to wait, `perSecond` of them served for `seconds` from `from` on. */
function serve(rate: ToleratedRate, perSecond: number, seconds: number): void {
  for (let i = 0; i < perSecond * seconds; i++) {
    rate.bound();
    rate.succeeded();
  }
}

/** A rate that was refused at 0 s, went on at 1 s, and was served 20 times per second until 10 s. */
function refusedOnce(): ToleratedRate {
  const rate = new ToleratedRate(200);
  serve(rate, 30, 1);
  rate.refused(0);
  rate.resumes(1000);
  serve(rate, 20, 9);
  return rate;
}

describe('ToleratedRate', () => {
  it('halves when it is refused for the first time', () => {
    const rate = new ToleratedRate(200);
    serve(rate, 30, 1);
    expect(rate.perSecond).toBe(40);
    rate.refused(0);
    expect(rate.perSecond).toBe(20);
  });

  it('goes to what was served since the refusal before, and hardly beyond afterwards', () => {
    const rate = refusedOnce();
    expect(rate.perSecond).toBeGreaterThan(25);
    rate.refused(10_000);
    // 180 in 9 or 10 seconds.
    expect(rate.perSecond).toBeGreaterThan(17.5);
    expect(rate.perSecond).toBeLessThan(20);
    rate.resumes(11_000);
    serve(rate, 20, 9);
    expect(rate.perSecond).toBeLessThan(21);
  });

  it('tries more slowly each time when it is refused where it was before', () => {
    const rate = refusedOnce();
    const grown: number[] = [];
    for (let at = 10_000; grown.length < 4; at += 10_000) {
      rate.refused(at);
      rate.resumes(at + 1000);
      const before = rate.perSecond;
      serve(rate, 20, 9);
      grown.push(rate.perSecond - before);
    }
    for (let i = 1; i < grown.length; i++) expect(grown[i]).toBeLessThan(0.7 * grown[i - 1]);
  });

  it('does not take what few asked for as the limit', () => {
    const rate = refusedOnce();
    const before = rate.perSecond;
    rate.unused(1000);
    rate.bound();
    rate.refused(1_000_000);
    expect(rate.perSecond).toBeCloseTo(0.75 * before);
  });

  it('believes a refusal of a low rate only when it is repeated', () => {
    const rate = new ToleratedRate(4);
    rate.refused(0);
    rate.refused(60_000);
    expect(rate.perSecond).toBe(4);
    rate.refused(120_000);
    expect(rate.perSecond).toBe(2);
  });

  it('goes on with a request in ten seconds even if few are served between refusals, however often', () => {
    const rate = refusedOnce();
    for (let refusals = 0, at = 10_000; refusals < 200; refusals++) {
      rate.refused(at);
      at += 60_000;
      rate.resumes(at);
      at += 5000 / rate.perSecond;
      serve(rate, 5, 1);
    }
    expect(rate.perSecond).toBeGreaterThanOrEqual(0.1);
    expect(rate.perSecond).toBeLessThan(1);
  });
});
