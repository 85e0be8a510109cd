import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkTarget, prepareReplacement, removeTemporaries, replaceFile } from './atomic-file.js';
import { readBoundedFile, readBoundedFileSync } from './bounded-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replaced-'));
  mkdirSync(join(folder, 'real'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => join(folder, ...names);
const isLink = (path: string) => lstatSync(path).isSymbolicLink();

describe('a file that is replaced', () => {
  it('stays where a link says, and the link stays', async () => {
    writeFileSync(at('real', 'file'), 'old');
    chmodSync(at('real', 'file'), 0o600);
    symlinkSync('real/file', at('relative'));
    symlinkSync(at('relative'), at('chain'));
    mkdirSync(at('deep'));
    symlinkSync(at('deep'), at('folder-link'));
    symlinkSync('../real/file', at('deep', 'up'));
    for (const path of [at('relative'), at('chain'), at('folder-link', 'up')]) {
      await replaceFile(path, path);
      expect(readFileSync(at('real', 'file'), 'utf8')).toBe(path);
    }
    for (const path of ['relative', 'chain', 'deep/up']) expect(isLink(at(path))).toBe(true);
    expect(statSync(at('real', 'file')).mode & 0o777).toBe(0o600);
    expect(readdirSync(at('real'))).toEqual(['file']);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is created where a link says', async () => {
    symlinkSync('real/new', at('dangling'));
    await prepareReplacement(at('dangling'));
    expect(readdirSync(at('real'))).toEqual([]);
    await replaceFile(at('dangling'), 'text');
    expect(readFileSync(at('real', 'new'), 'utf8')).toBe('text');
    expect(isLink(at('dangling'))).toBe(true);
    expect((await linkTarget(at('dangling'))).path).toBe(at('real', 'new'));
  });

  it('loses the temporary files of killed processes beside the file that a link names', async () => {
    symlinkSync('real/file', at('link'));
    writeFileSync(at('real', 'file.0123abcd.tmp'), '');
    await removeTemporaries(at('link'));
    expect(readdirSync(at('real'))).toEqual([]);
  });

  it('gets its folder, with its parents', async () => {
    await prepareReplacement(at('a', 'b', 'file'));
    expect(readdirSync(at('a', 'b'))).toEqual([]);
  });

  it.each([
    ['a pipe', (path: string) => void execFileSync('mkfifo', [path]), /not a regular file/],
    ['a folder', (path: string) => void mkdirSync(path), /it is a folder/],
    ['a link to itself', (path: string) => symlinkSync(path, path), /too many links/],
    ['a link to a device', (path: string) => symlinkSync('/dev/null', path), /not a regular file/],
  ])('is never %s', async (_what, create, says) => {
    create(at('file'));
    const before = lstatSync(at('file')).ino;
    await expect(replaceFile(at('file'), '')).rejects.toThrow(says);
    await expect(prepareReplacement(at('file'))).rejects.toThrow(says);
    expect(lstatSync(at('file')).ino).toBe(before);
  });
});

describe.each([
  ['readBoundedFile', readBoundedFile],
  ['readBoundedFileSync', async (path: string, max: number) => readBoundedFileSync(path, max)],
])('%s', (_name, read) => {
  it('returns a file of at most the size', async () => {
    writeFileSync(at('file'), 'text');
    symlinkSync('file', at('link'));
    expect((await read(at('link'), 4)).toString()).toBe('text');
    await expect(read(at('file'), 3)).rejects.toThrow('it is larger than 3 bytes');
    writeFileSync(at('empty'), '');
    expect(await read(at('empty'), 4)).toHaveLength(0);
    await expect(read(at('none'), 4)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not read a file that would fill the memory, and does not wait for a pipe', async () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 2 ** 30);
    await expect(read(at('huge'), 2 ** 28)).rejects.toThrow('it is larger than 256 MiB');
    execFileSync('mkfifo', [at('pipe')]);
    for (const path of [at('pipe'), '/dev/zero'])
      await expect(read(path, 4)).rejects.toThrow(/not a regular file/);
    await expect(read(folder, 4)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
