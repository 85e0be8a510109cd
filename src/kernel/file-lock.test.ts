import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLock } from './file-lock.js';

let folder: string;
let path: string;
const locks: FileLock[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'file.json');
});
afterEach(async () => {
  for (const lock of locks.splice(0)) await lock.release();
  await rm(folder, { recursive: true });
});

async function acquire(file = path): Promise<FileLock> {
  const lock = await FileLock.acquire(file, () => new Error(`${file} is locked`));
  locks.push(lock);
  return lock;
}

/** Leaves the socket of a killed process that held the lock. */
async function leaveDead(): Promise<void> {
  const listen = `require('node:net').createServer().listen(process.argv[1], () => console.log('here'))`;
  const child = spawn(process.execPath, ['-e', listen, `${path}.lock`]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(existsSync(`${path}.lock`)).toBe(true);
}

/** Leaves a socket on which no process listens, without a child process. */
async function leaveUnowned(socket: string): Promise<void> {
  const server = createServer().listen(socket);
  await once(server, 'listening');
  await rename(socket, `${socket}.kept`);
  await new Promise((done) => server.close(done));
  await rename(`${socket}.kept`, socket);
}

describe('FileLock', () => {
  it('has one owner at a time, and leaves no file', async () => {
    const first = await acquire();
    expect(first.obstacle).toBeUndefined();
    await expect(acquire()).rejects.toThrow('is locked');
    await first.release();
    await first.release();
    const second = await acquire();
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over from a killed process', async () => {
    await leaveDead();
    expect((await acquire()).obstacle).toBeUndefined();
    await expect(acquire()).rejects.toThrow('is locked');
    expect(await readdir(folder)).toEqual(['file.json.lock']);
  });

  it('is taken over by exactly one of many processes that start at the same time', async () => {
    for (let round = 0; round < 30; round++) {
      const file = join(folder, `${round}.json`);
      await leaveUnowned(`${file}.lock`);
      const results = await Promise.allSettled(Array.from({ length: 12 }, () => acquire(file)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(locks.at(-1)?.obstacle).toBeUndefined();
      await expect(acquire(file)).rejects.toThrow('is locked');
    }
  });

  it('is taken over after another process was killed while it took it over', async () => {
    await leaveUnowned(`${path}.lock`);
    await leaveUnowned(`${path}.lock.take`);
    expect((await acquire()).obstacle).toBeUndefined();
    expect(await readdir(folder)).toEqual(['file.json.lock']);
  });

  it('keeps a file that is not a socket, and reports why there is no lock', async () => {
    await writeFile(`${path}.lock`, 'mine');
    expect((await acquire()).obstacle).toContain('is not a socket');
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('mine');
  });

  it('is unavailable, with a reason, in a folder that cannot hold a socket', async () => {
    expect((await acquire(join(folder, 'missing/file.json'))).obstacle).toBeTruthy();
    const deep = join(folder, 'x'.repeat(100));
    await mkdir(deep);
    expect((await acquire(join(deep, 'file.json'))).obstacle).toContain('too long');
  });
});
