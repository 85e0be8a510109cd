import { describe, expect, it } from 'vitest';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import { Backoff } from './backoff.js';

const limited = (retryAfterMs?: number) => new CtHttpStatusError('https://log.example', 429, retryAfterMs);

describe('Backoff', () => {
  it('obeys Retry-After, however long it was failing', () => {
    const backoff = new Backoff(() => 0.5);
    for (let i = 0; i < 10; i++) backoff.next(limited());
    expect(backoff.next(limited(3000))).toBe(3000);
  });

  it('grows where Retry-After asks for no pause, as 0 or a date that has passed do', () => {
    const backoff = new Backoff(() => 0.5);
    expect([1, 2, 3, 4].map(() => backoff.next(limited(0)))).toEqual([500, 1000, 2000, 4000]);
  });

  it('never comes back at once', () => {
    expect(new Backoff(() => 0).next(limited())).toBe(100);
  });
});
