import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runResumeTest } from '../bench/support/resume-test-run.js';

/** The short form of `npm run resume-test`, with the built server. */
it('clients that continue after their newest cursor miss nothing, also after SIGKILL', async () => {
  const { mistakes, entries, kills } = await runResumeTest({
    reconnects: 24,
    kills: 1,
    rate: 200,
    logs: 2,
    seed: 7,
    print: () => undefined,
    command: {
      node: process.execPath,
      nodeFlags: [],
      bin: join(import.meta.dirname, '../dist/cli/bin.js'),
      environment: {},
    },
  });
  expect(mistakes).toEqual([]);
  expect(entries).toBeGreaterThan(0);
  expect(kills).toBe(1);
});
