import { describe, expect, it } from 'vitest';

import { ProgressBar } from './progress-bar.js';

function setUp(isTTY: boolean, columns = 80) {
  let [written, now] = ['', 0];
  const bar = new ProgressBar(
    { isTTY, columns, write: (text: string) => (written += text) },
    12_000,
    () => now,
  );
  return { bar, written: () => written, pass: (ms: number) => (now += ms) };
}

describe('ProgressBar', () => {
  it('shows share, counts, rate and time left on a terminal', () => {
    const { bar, written, pass } = setUp(true);
    pass(2000);
    bar.advance(3000);
    expect(written()).toBe(
      '\r\u001b[K[######------------------]  25 %  3,000 of 12,000 entries, 1,500/s, 0:06 left',
    );
  });

  it('is redrawn rarely, and never wider than the terminal', () => {
    const { bar, written, pass } = setUp(true, 20);
    pass(1000);
    for (let i = 0; i < 50; i++) bar.advance(1);
    expect(written().split('\r')).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex
    expect(written().replace(/\r\u001b\[K/, '')).toHaveLength(19);
  });

  it('writes lines above the bar, without control characters', () => {
    const { bar, written } = setUp(true);
    bar.advance(1);
    bar.line('a\u001b[31mproblem');
    expect(written().endsWith('\r\u001b[Ka\\u001b[31mproblem\n')).toBe(true);
  });

  it('writes only lines elsewhere', () => {
    const { bar, written } = setUp(false);
    bar.advance(5);
    bar.line('a problem');
    bar.clear();
    expect(written()).toBe('a problem\n');
  });
});
