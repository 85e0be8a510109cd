import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { range } from '../../../test/support/range.js';
import { numberedMessages } from '../../../test/support/output-messages.js';
import { DeadLetters } from './dead-letters.js';

let folder: string;
let path: string;
let reported: string[];
let lost: string[];
let letters: DeadLetters;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dead-letters-'));
  path = join(folder, 'new/out.jsonl');
  reported = [];
  lost = [];
  letters = open();
});
afterEach(async () => {
  await letters.close();
  await rm(folder, { recursive: true });
});

const open = (maxBytes = 1e6) =>
  new DeadLetters({
    path,
    maxBytes,
    onRefused: (message) => reported.push(message),
    onLost: (message) => lost.push(message),
  });
const refused = (start: number, count = 1) =>
  numberedMessages(start, count).map((message) => ({ message, reason: 'too "large"' }));

async function indices(file = path): Promise<number[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { message: { index: number } }).message.index);
}

describe(DeadLetters.name, () => {
  it('keeps one line of JSON for each message, with its id, the reason and the time', async () => {
    await letters.add(refused(0, 2));
    await letters.add(refused(2));
    expect(letters.count).toBe(3);
    expect(reported).toEqual([
      `2 messages are refused and written to ${path}: too "large"`,
      `1 messages are refused and written to ${path}: too "large"`,
    ]);
    expect(lost).toEqual([]);
    expect(await indices()).toEqual([0, 1, 2]);
    const [line] = (await readFile(path, 'utf8')).split('\n');
    expect(JSON.parse(line)).toEqual({
      id: numberedMessages(0, 1)[0].id,
      reason: 'too "large"',
      time: expect.stringMatching(/^\d{4}-/),
      message: { index: 0 },
    });
  });

  it('goes on after the last whole line when an earlier process was killed while it wrote', async () => {
    await letters.add(refused(0));
    await letters.close();
    await appendFile(path, '{"id":"x","mess');
    letters = open();
    await letters.add(refused(1));
    expect(await indices()).toEqual([0, 1]);
  });

  it('writes a new file when the file was moved away', async () => {
    await letters.add(refused(0));
    await rename(path, join(folder, 'old.jsonl'));
    await letters.add(refused(1));
    expect(await indices()).toEqual([1]);
  });

  it('removes the oldest messages above its bound, counts them and reports them', async () => {
    await letters.add(refused(0));
    const { size } = await stat(path);
    await letters.close();
    letters = open(8 * size);
    for (let i = 1; i < 10; i++) await letters.add(refused(i));
    expect(await indices(`${path}.1`)).toEqual([4, 5, 6, 7]);
    expect(await indices()).toEqual([8, 9]);
    expect(letters.lost).toBe(4);
    expect(lost).toEqual([
      `${path} is full: the oldest 4 messages in ${path}.1 were removed; raise dead_letter_max_mb to keep more`,
    ]);
    await letters.add(refused(10, 40));
    const kept = [...(await indices(`${path}.1`)), ...(await indices())];
    expect(kept).toEqual(range(50 - kept.length, 50));
    expect(letters).toMatchObject({ count: 49, lost: 50 - kept.length });
  });

  it('keeps a message that is larger than its bound, alone', async () => {
    letters = open(10);
    await letters.add(refused(0, 3));
    expect(await indices(`${path}.1`)).toEqual([1]);
    expect(await indices()).toEqual([2]);
  });

  it('reports messages that cannot be written as lost, and goes on', async () => {
    await writeFile(join(folder, 'new'), '');
    await letters.add(refused(0));
    expect(letters).toMatchObject({ count: 1, lost: 1 });
    expect(reported).toEqual([]);
    expect(lost).toEqual([
      expect.stringMatching(
        /^1 messages are refused and lost, since .*out\.jsonl cannot be written: (EEXIST|ENOTDIR).*; the first is [^ ]*0: too "large"$/,
      ),
    ]);
    await rm(join(folder, 'new'));
    await letters.add(refused(1));
    expect(await indices()).toEqual([1]);
    expect(letters).toMatchObject({ count: 2, lost: 1 });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'takes a line back that does not fit on a full disk (needs root for a tmpfs)',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
      try {
        await letters.add(refused(0));
        const fill = join(folder, 'fill');
        await writeFile(fill, Buffer.alloc(52 * 1024));
        await letters.add(refused(1, 1000));
        expect(lost).toEqual([expect.stringContaining('ENOSPC')]);
        expect(await indices()).toEqual([0]);
        await rm(fill);
        await letters.add(refused(1));
        expect(await indices()).toEqual([0, 1]);
        expect(letters).toMatchObject({ count: 1002, lost: 1000 });
      } finally {
        await letters.close();
        execFileSync('umount', [folder]);
      }
    },
  );
});
