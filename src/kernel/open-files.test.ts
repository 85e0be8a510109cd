import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { openFileLimit } from './open-files.js';

/** The value for a child, which has the limits of this process. */
const shown = execFileSync('sh', ['-c', 'ulimit -Sn'], { encoding: 'utf8' }).trim();
const expected = shown === 'unlimited' ? Infinity : Number(shown);

it('is what the shell shows', () => {
  expect(openFileLimit()).toBe(expected);
});

it('is the same on a system without /proc', () => {
  const { platform } = process;
  Object.defineProperty(process, 'platform', { value: 'darwin' });
  try {
    expect(openFileLimit()).toBe(expected);
  } finally {
    Object.defineProperty(process, 'platform', { value: platform });
  }
});
