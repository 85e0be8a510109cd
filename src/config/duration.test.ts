import { describe, expect, it } from 'vitest';
import { durationMs } from './duration.js';

describe(durationMs.name, () => {
  it.each([
    ['1s', 1000],
    ['90m', 5_400_000],
    ['36h', 129_600_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', '0s', '10', '-1h', '1.5h', '1w', '1 h', '1h30m', '999999999d'])('refuses "%s"', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });
});
