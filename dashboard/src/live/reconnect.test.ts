import { describe, expect, it } from 'vitest';
import { afterRefusal, reconnectDelayMs } from './reconnect.js';

describe(reconnectDelayMs, () => {
  it('doubles up to half a minute', () => {
    expect([1, 2, 3, 6, 7, 100].map((failures) => reconnectDelayMs(failures, 0))).toEqual([
      500, 1000, 2000, 16_000, 30_000, 30_000,
    ]);
  });

  it('is shortened at random, but not below the wait that the server asked for', () => {
    expect(reconnectDelayMs(3, 0.999)).toBe(1001);
    expect(reconnectDelayMs(1, 0.5, 7000)).toBe(7000);
  });
});

describe(afterRefusal, () => {
  it.each([
    [undefined, 'wait'],
    [{ status: 426 }, 'wait'],
    [{ status: 429, retryAfterMs: 1000 }, 'wait'],
    [{ status: 503 }, 'wait'],
    [{ status: 401 }, 'token'],
    [{ status: 403 }, 'stop'],
    [{ status: 400, code: 'FILTER_REGEX' }, 'without-filter'],
    [{ status: 400, code: 'STREAM_SINCE' }, 'continue'],
    [{ status: 400, code: 'STREAM_LIMIT' }, 'stop'],
  ] as const)('answers %j with %s', (answer, kind) => {
    expect(afterRefusal(answer).kind).toBe(kind);
  });

  it('continues with the oldest entry of the server', () => {
    expect(afterRefusal({ status: 400, code: 'STREAM_SINCE', oldest: 'e.1.1.0' })).toEqual({
      kind: 'continue',
      since: 'e.1.1.0',
    });
  });

  it('repeats the words and the wait of the server', () => {
    const answer = { status: 429, error: 'too many clients', retryAfterMs: 5000 };
    expect(afterRefusal(answer)).toEqual({ kind: 'wait', reason: 'too many clients', retryAfterMs: 5000 });
  });
});
