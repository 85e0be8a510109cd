import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../../dist/cli/start-flags.js', import.meta.url));
/** Always keeps the latest 20,000 objects alive, and prints the size of the young generation at the end. */
const ALLOCATE = `
  import { getHeapSpaceStatistics } from 'node:v8';
  const kept = [];
  for (let i = 0; i < 2_000_000; i++) {
    kept[i % 20_000] = { i, list: [i] };
    if (i % 5_000 === 0) await new Promise(setImmediate);
  }
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;
/** Keeps a function busy. */
const HOT = `
  let sum = 0;
  const hot = (n) => { for (let i = 0; i < 1_000; i++) sum = (sum + i * n) | 0; };
  for (let round = 0; round < 50; round++) {
    for (let n = 0; n < 1_000; n++) hot(n);
    await new Promise(setImmediate);
  }
`;
const MB = 1024 * 1024;

function youngGeneration(
  flags: string[],
  environment: Record<string, string> = {},
  isServing = false,
): number {
  const call = isServing ? 'endStartPhase();' : '';
  return Number(run(call + ALLOCATE, flags, environment)) / MB;
}

/** Runs a script in a process with the start flags, and returns its output. */
function run(script: string, flags: string[], environment: Record<string, string> = {}): string {
  const functions = 'endStartPhase, letHotCodeBeOptimised';
  const module = `import { ${functions} } from ${JSON.stringify(MODULE)};${script}`;
  const env = { ...process.env, NODE_OPTIONS: '', ...environment };
  const { stdout, status } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', module], {
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout;
}

/** Whether V8 reports that it optimises a hot function. */
function isOptimised(script: string, flags: string[] = []): boolean {
  return /TURBOFAN/.test(run(script + HOT, ['--trace-opt', ...flags]));
}

describe('the start flags', () => {
  it('keep the young generation at a megabyte or two', () => {
    expect(youngGeneration([])).toBeLessThanOrEqual(2);
  });

  it('let the young generation double once after the server has started', () => {
    const size = youngGeneration([], {}, true);
    expect(size).toBeGreaterThan(2);
    expect(size).toBeLessThanOrEqual(8);
  });

  it('do not change the young generation if its size is set by a flag', () => {
    expect(youngGeneration(['--max-semi-space-size=4'], {}, true)).toBeGreaterThan(2);
    expect(youngGeneration([], { NODE_OPTIONS: '--max-semi-space-size=4' })).toBeGreaterThan(2);
  });

  it('disable the optimising compiler until the server is busy', () => {
    expect(isOptimised('')).toBe(false);
    expect(isOptimised('endStartPhase();')).toBe(false);
    expect(isOptimised('letHotCodeBeOptimised();')).toBe(true);
  });

  it('do not change the compiler if it is set by a flag', () => {
    expect(isOptimised('', ['--opt'])).toBe(true);
    expect(isOptimised('letHotCodeBeOptimised();', ['--no-opt'])).toBe(false);
  });
});
