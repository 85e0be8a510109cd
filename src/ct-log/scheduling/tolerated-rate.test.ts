import { describe, expect, it } from 'vitest';
import { ToleratedRate } from './tolerated-rate.js';

/** Serves `perSecond` requests per second for `seconds`, all of which have to wait. */
function serve(rate: ToleratedRate, perSecond: number, seconds: number): void {
  for (let i = 0; i < perSecond * seconds; i++) {
    rate.bound();
    rate.succeeded();
  }
}

/** A rate that was refused at 0 s, continued at 1 s, and was served 20 times per second until 10 s. */
function refusedOnce(): ToleratedRate {
  const rate = new ToleratedRate(200);
  serve(rate, 30, 1);
  rate.refused(0);
  rate.resumes(1000);
  serve(rate, 20, 9);
  return rate;
}

describe('ToleratedRate', () => {
  it('halves after the first refusal', () => {
    const rate = new ToleratedRate(200);
    serve(rate, 30, 1);
    expect(rate.perSecond).toBe(40);
    rate.refused(0);
    expect(rate.perSecond).toBe(20);
  });

  it('is set to the rate served since the previous refusal, and grows slowly from there', () => {
    const rate = refusedOnce();
    expect(rate.perSecond).toBeGreaterThan(25);
    rate.refused(10_000);
    // 180 requests in 9 or 10 seconds.
    expect(rate.perSecond).toBeGreaterThan(17.5);
    expect(rate.perSecond).toBeLessThan(20);
    rate.resumes(11_000);
    serve(rate, 20, 9);
    expect(rate.perSecond).toBeLessThan(21);
  });

  it('grows more slowly after each refusal at the same rate', () => {
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

  it('does not take the served rate as the limit if few requests were sent', () => {
    const rate = refusedOnce();
    const before = rate.perSecond;
    rate.unused(1000);
    rate.bound();
    rate.refused(1_000_000);
    expect(rate.perSecond).toBeCloseTo(0.75 * before);
  });

  it('lowers a low rate only after repeated refusals', () => {
    const rate = new ToleratedRate(4);
    rate.refused(0);
    rate.refused(60_000);
    expect(rate.perSecond).toBe(4);
    rate.refused(120_000);
    expect(rate.perSecond).toBe(2);
  });

  it('never falls below one request in ten seconds, even if few requests are served between refusals', () => {
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
