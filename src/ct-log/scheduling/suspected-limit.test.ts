import { describe, expect, it } from 'vitest';
import { SuspectedLimit } from './suspected-limit.js';

/** Answers in order: `+a` serves the URL a, `-a` refuses it. @returns whether each refusal counts as a limit. */
function refusals(answers: string, stepMs = 1000): boolean[] {
  const limit = new SuspectedLimit();
  const found: boolean[] = [];
  for (const [i, [sign, url]] of answers.split(' ').entries()) {
    if (sign === '+') limit.served(url);
    else found.push(limit.isLimit(url, i * stepMs));
  }
  return found;
}

describe(SuspectedLimit.name, () => {
  it.each([
    ['the first refusal', '+a +b -c', [false]],
    ['refusals of different URLs, which are served later', '+a -b +b -c +c -d', [false, true, true]],
    ['an outage', '+a -b -c -d -b -c -d', [false, false, false, false, false, false]],
    [
      'one URL that fails among others that are served',
      '+a -b +c -b +d -b +e -b',
      [false, false, false, false],
    ],
    ['a second URL that fails, once', '+a -b +c -d +c -d +c -d', [false, true, false, false]],
  ])('recognises %s', (_what, answers, expected) => {
    expect(refusals(answers)).toEqual(expected);
  });

  it('forgets refusals after a minute, and a limit after ten', () => {
    expect(refusals('-a +b -c', 40_000)).toEqual([false, false]);
    expect(refusals('-a +b -c +c -d', 20_000)).toEqual([false, true, true]);
    const limit = new SuspectedLimit();
    limit.isLimit('a', 0);
    limit.served('a');
    expect(limit.isLimit('b', 1000)).toBe(true);
    limit.served('b');
    expect(limit.isLimit('c', 601_000)).toBe(false);
  });
});
