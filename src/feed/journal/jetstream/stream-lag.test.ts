import { describe, expect, it } from 'vitest';
import { StreamLag } from './stream-lag.js';

describe(StreamLag, () => {
  it('is the time since the stream was first seen to hold a record that is not read', () => {
    const lag = new StreamLag(0);
    lag.observe(10, 1000);
    expect(lag.waiting(10, 1500)).toBe(0);
    lag.observe(12, 2000);
    lag.observe(15, 4000);
    expect(lag.waiting(11, 5000)).toBe(3000);
    expect(lag.waiting(12, 5000)).toBe(1000);
    expect(lag.waiting(15, 5000)).toBe(0);
  });

  it('grows while a stream that has no new records is not read', () => {
    const lag = new StreamLag(0);
    for (let at = 1000; at <= 9000; at += 1000) lag.observe(5, at);
    expect(lag.waiting(4, 10_000)).toBe(9000);
  });

  it('stays right for a reader that is late for days', () => {
    const lag = new StreamLag(0);
    for (let i = 1; i <= 100_000; i++) lag.observe(i, i * 2000);
    expect(lag.waiting(0, 200_000_000)).toBe(200_000_000 - 2000);
    expect(lag.waiting(100_000, 200_000_000)).toBe(0);
  });

  it('knows when the stream has answered last', () => {
    const lag = new StreamLag(1000);
    expect(lag.silence(4000)).toBe(3000);
    lag.observe(1, 5000);
    expect(lag.silence(6000)).toBe(1000);
  });
});
