import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const reads = vi.hoisted(() => ({ isThere: true }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const read = (...args: Parameters<typeof fs.readFileSync>) => {
    if (!reads.isThere) throw new Error('ENOENT');
    return fs.readFileSync(...args);
  };
  return { ...fs, readFileSync: read };
});

it('package.json is read when the module is loaded, so that an upgrade in place does not matter', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const { packageJson } = await import('./package-json.js');
  reads.isThere = false;
  expect(packageJson().version).toBe(version);
});
