import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../dist/cli/start-flags.js', import.meta.url));
/** Keeps 20,000 young objects alive at any time, in turns, and prints the size of the young generation afterwards. */
const ALLOCATE = `
  import { getHeapSpaceStatistics } from 'node:v8';
  const kept = [];
  for (let i = 0; i < 2_000_000; i++) {
    kept[i % 20_000] = { i, list: [i] };
    if (i % 5_000 === 0) await new Promise(setImmediate);
  }
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;
const MB = 1024 * 1024;

function youngGeneration(
  flags: string[],
  environment: Record<string, string> = {},
  isServing = false,
): number {
  const call = isServing ? 'letYoungGenerationGrow();' : '';
  const script = `import { letYoungGenerationGrow } from ${JSON.stringify(MODULE)};${call}${ALLOCATE}`;
  const env = { ...process.env, NODE_OPTIONS: '', ...environment };
  const { stdout, status } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return Number(stdout) / MB;
}

describe('the start flags', () => {
  it('keep the young generation at a megabyte or two', () => {
    expect(youngGeneration([])).toBeLessThanOrEqual(2);
  });

  it('let it double once when the server has started', () => {
    const size = youngGeneration([], {}, true);
    expect(size).toBeGreaterThan(2);
    expect(size).toBeLessThanOrEqual(8);
  });

  it('leave it to whoever sets it', () => {
    expect(youngGeneration(['--max-semi-space-size=4'], {}, true)).toBeGreaterThan(2);
    expect(youngGeneration([], { NODE_OPTIONS: '--max-semi-space-size=4' })).toBeGreaterThan(2);
  });
});
