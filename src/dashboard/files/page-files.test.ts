import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PageFiles } from './page-files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'page-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(...names: readonly string[]): void {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  for (const name of names) writeFileSync(join(folder, 'assets', name), name);
}

describe(PageFiles, () => {
  it('has the assets of known types under their names', async () => {
    build('index-1.js', 'index-2.css', 'notes.txt', 'key.pem', 'no-extension');
    const files = await PageFiles.read(folder);
    for (const name of ['index-1.js', 'index-2.css']) expect(files.asset(name), name).toBeDefined();
    for (const name of ['notes.txt', 'key.pem', 'no-extension', 'index.html', '../index.html', 'constructor'])
      expect(files.asset(name), name).toBeUndefined();
  });

  it('is not read without a build, and not if the build is too large', async () => {
    await expect(PageFiles.read(folder)).rejects.toThrow(/ENOENT/);
    build('index.js');
    truncateSync(join(folder, 'assets/index.js'), 9 * 1024 * 1024);
    await expect(PageFiles.read(folder)).rejects.toThrow(RangeError);
  });

  it('has at most a hundred files', async () => {
    build(...Array.from({ length: 100 }, (_, i) => `${i}.js`));
    await expect(PageFiles.read(folder)).rejects.toThrow(/101 files/);
  });
});
