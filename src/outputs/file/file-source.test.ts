import { execFileSync } from 'node:child_process';
import { appendFile, type FileHandle, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messagesOf, numberedMessages } from '../../../test/support/output-messages.js';
import { range } from '../../../test/support/range.js';
import { FilesFolder } from './testing/files-folder.js';
import { HAS_ZSTD } from './zstd-frames.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 29, 23, 40);
const SIGNAL = new AbortController().signal;

let files: FilesFolder;
beforeEach(async () => {
  files = await FilesFolder.create();
});
afterEach(() => files.remove());

describe('a file output', () => {
  it('begins a new file at every multiple of the time, also without a message', async () => {
    const engine = await (await files.source({ rotate_minutes: 15 })).open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    files.time = START + 4 * MINUTE;
    await engine.send(numberedMessages(1, 1), SIGNAL);
    files.time = START + 5 * MINUTE;
    files.wake();
    await expect.poll(() => files.names()).toEqual(['out-20261129T234000Z-0001.jsonl']);
    await engine.send(numberedMessages(2, 1), SIGNAL);
    files.time = START + 20 * MINUTE;
    await engine.send(numberedMessages(3, 1), SIGNAL);
    expect(await files.names()).toEqual([
      'out-20261129T234000Z-0001.jsonl',
      'out-20261129T234500Z-0001.jsonl',
      'out-20261130T000000Z-0001.jsonl.open',
    ]);
    await engine.close();
    expect(await files.indices()).toEqual(range(0, 4));
  });

  it('reports with the next delivery that a file could not be finished at the end of its time, and finishes it then', async () => {
    const source = await files.source({ rotate_minutes: 15 });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    const obstacle = files.file('out-20261129T234000Z-0001.jsonl');
    await mkdir(obstacle);
    files.time = START + 5 * MINUTE;
    files.wake();
    await expect(engine.send(numberedMessages(1, 1), SIGNAL)).rejects.toThrow(
      /EISDIR|ENOTEMPTY|EEXIST|EPERM/,
    );
    await rm(obstacle, { recursive: true });
    const again = await source.open(SIGNAL);
    expect(await files.names()).toEqual(['out-20261129T234000Z-0001.jsonl']);
    await again.send(numberedMessages(1, 1), SIGNAL);
    await again.close();
    expect(await files.indices()).toEqual(range(0, 2));
  });

  it('begins a new file before one is too large, within a delivery too', async () => {
    const engine = await (await files.source({ rotate_mb: 1 })).open(SIGNAL);
    const line = (index: number, octets: number) =>
      `{"index":${index},"x":"${'x'.repeat(octets - 18 - String(index).length)}"}`;
    const texts = Array.from({ length: 30 }, (_, i) => line(i, 100_000));
    await engine.send(messagesOf([...texts, line(30, 3_000_000), line(31, 100)]), SIGNAL);
    await engine.close();
    const sizes = await Promise.all(
      (await files.names()).map(async (name) => (await stat(files.file(name))).size),
    );
    expect(sizes.filter((size) => size > 2 ** 20)).toHaveLength(1);
    expect(sizes.filter((size) => size > 900_000)).toHaveLength(4);
    expect(await files.indices()).toEqual(range(0, 32));
  });

  it('removes the oldest files above keep_gb, and never the newest, however large it is', async () => {
    const engine = await (await files.source({ rotate_minutes: 1, keep_gb: 1e-6 })).open(SIGNAL);
    for (let i = 0; i < 3; i++) {
      files.time = START + i * MINUTE;
      await engine.send(numberedMessages(i * 500, 500), SIGNAL);
    }
    await engine.close();
    const [name, ...others] = await files.names();
    expect(others).toEqual([]);
    expect((await stat(files.file(name))).size).toBeGreaterThan(1e-6 * 2 ** 30);
    expect(await files.indices()).toEqual(range(1000, 1500));
  });

  it('never gives its name to a file whose torn end cannot be cut off', async () => {
    const source = await files.source();
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    const [name] = await files.names();
    await source.close!();
    await rename(files.file(name.replace('.open', '')), files.file(name));
    await appendFile(files.file(name), '{"index":5,"torn');
    const { size } = await stat(files.file(name));
    const handle = await open(files.file(name));
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const truncate = vi
      .spyOn(prototype, 'truncate')
      .mockRejectedValue(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await expect((await files.source()).open(SIGNAL)).rejects.toThrow('EIO');
    expect(truncate).toHaveBeenCalledTimes(1);
    truncate.mockRestore();
    expect(await files.names()).toEqual([name]);
    expect((await stat(files.file(name))).size).toBe(size);
    await files.closeSources();
    await (await (await files.source()).open(SIGNAL)).close();
    expect(await files.names()).toEqual([name.replace('.open', '')]);
    expect(await files.indices()).toEqual(range(0, 5));
  });

  it('gives names that sort by time and never repeat, also when the clock is set back', async () => {
    const source = await files.source({ rotate_minutes: 1 });
    let engine = await source.open(SIGNAL);
    for (const at of [0, 0, -60 * MINUTE, 5]) {
      files.time = START + at;
      await engine.send(numberedMessages(0, 1), SIGNAL);
      await engine.close();
      engine = await source.open(SIGNAL);
    }
    await source.close!();
    await rm(files.file('out-20261129T234000Z-0004.jsonl'));
    const after = await (await files.source()).open(SIGNAL);
    files.time = START - 10 * MINUTE;
    await after.send(numberedMessages(0, 1), SIGNAL);
    expect(await files.names()).toEqual([
      'out-20261129T234000Z-0001.jsonl',
      'out-20261129T234000Z-0002.jsonl',
      'out-20261129T234000Z-0003.jsonl',
      'out-20261129T234000Z-0004.jsonl.open',
    ]);
  });

  it('removes the oldest finished files above keep_gb, and no other files', async () => {
    const engine = await (await files.source({ rotate_minutes: 1, keep_gb: 25 / 2 ** 30 })).open(SIGNAL);
    await writeFile(files.file('notes.jsonl'), 'mine\n'.repeat(100));
    for (let i = 0; i < 4; i++) {
      await engine.send(numberedMessages(i, 1), SIGNAL);
      files.time += MINUTE;
    }
    await engine.close();
    expect(await files.names()).toEqual([
      'notes.jsonl',
      'out-20261129T234200Z-0001.jsonl',
      'out-20261129T234300Z-0001.jsonl',
    ]);
  });

  it('refuses a folder that another output or server uses', async () => {
    const first = await files.source();
    await first.start!();
    const second = await files.source({ name: 'other' });
    const refusal = { code: 'OUTPUT_FOLDER_IN_USE', message: expect.stringContaining(files.path) };
    await expect(second.start!()).rejects.toMatchObject(refusal);
    await expect(second.open(SIGNAL)).rejects.toMatchObject(refusal);
    await first.close!();
    await second.start!();
  });

  it.skipIf(process.getuid?.() !== 0)(
    'takes back what did not fit on a full disk (needs root for a tmpfs)',
    async () => {
      await mkdir(files.path);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', files.path]);
      try {
        const source = await files.source();
        const engine = await source.open(SIGNAL);
        await engine.send(numberedMessages(0, 10), SIGNAL);
        await writeFile(files.file('other'), Buffer.alloc(900 * 1024));
        const many = numberedMessages(10, 20_000);
        const full = { code: 'OUTPUT_DISK_FULL', message: expect.stringMatching(/ENOSPC.*free disk space/) };
        await expect(engine.send(many, SIGNAL)).rejects.toMatchObject(full);
        await engine.close();
        expect(await files.indices()).toEqual(range(0, 10));
        const next = await source.open(SIGNAL);
        await expect(next.send(many, SIGNAL)).rejects.toMatchObject(full);
        await next.close();
        await rm(files.file('other'));
        await (await source.open(SIGNAL)).send(many, SIGNAL);
        await source.close!();
        expect(await files.indices()).toEqual(range(0, 20_010));
      } finally {
        await files.closeSources();
        execFileSync('umount', [files.path]);
      }
    },
  );

  it('does not acknowledge what goes to a folder that was removed, and creates the folder again', async () => {
    const source = await files.source();
    await source.start!();
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    await rm(files.path, { recursive: true });
    await expect(engine.send(numberedMessages(1, 1), SIGNAL)).rejects.toMatchObject({
      code: 'OUTPUT_FOLDER_REMOVED',
      message: expect.stringContaining(files.path),
    });
    const again = await source.open(SIGNAL);
    await again.send(numberedMessages(1, 1), SIGNAL);
    await again.close();
    expect(await files.indices()).toEqual([1]);
    await expect((await files.source()).start!()).rejects.toMatchObject({ code: 'OUTPUT_FOLDER_IN_USE' });
  });

  it('names a path that is not a folder', async () => {
    await writeFile(files.path, '');
    const source = await files.source();
    await expect(source.start!()).rejects.toMatchObject({
      code: 'OUTPUT_FOLDER_UNWRITABLE',
      message: expect.stringMatching(/cannot be written: EEXIST/),
    });
  });

  it('stops between two pieces when the delivery is aborted', async () => {
    const source = await files.source();
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    await expect(engine.send(numberedMessages(1, 1), AbortSignal.abort())).rejects.toThrow();
    await source.close!();
    expect(await files.indices()).toEqual([0]);
  });

  it.skipIf(HAS_ZSTD)('needs a Node with zstd for compression: zstd', async () => {
    await expect(files.source({ compression: 'zstd' })).rejects.toMatchObject({
      code: 'OUTPUT_NODE_VERSION',
      message: expect.stringContaining('22.15'),
    });
  });
});
