import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberedMessages } from '../../../test/support/output-messages.js';
import { DeadLetters } from './dead-letters.js';

let folder: string;
let path: string;
let reported: string[];
let letters: DeadLetters;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dead-letters-'));
  path = join(folder, 'new/out.jsonl');
  reported = [];
  letters = open();
});
afterEach(async () => {
  await letters.close();
  await rm(folder, { recursive: true });
});

const open = () => new DeadLetters(path, (count, reason) => reported.push(`${count} ${reason}`));
const refused = (start: number, count = 1) =>
  numberedMessages(start, count).map((message) => ({ message, reason: 'too "large"' }));

async function indices(): Promise<number[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { message: { index: number } }).message.index);
}

describe(DeadLetters.name, () => {
  it('keeps one line of JSON for each message, with its id, the reason and the time', async () => {
    await letters.add(refused(0, 2));
    await letters.add(refused(2));
    expect(letters.count).toBe(3);
    expect(reported).toEqual(['2 too "large"', '1 too "large"']);
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

  it('rejects when the file cannot be written, and counts nothing', async () => {
    await writeFile(join(folder, 'new'), '');
    await expect(letters.add(refused(0))).rejects.toThrow(/EEXIST|ENOTDIR/);
    expect(letters.count).toBe(0);
    await rm(join(folder, 'new'));
    await letters.add(refused(0));
    expect(await indices()).toEqual([0]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'takes a line back that does not fit on a full disk (needs root for a tmpfs)',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
      try {
        await letters.add(refused(0));
        const fill = join(folder, 'fill');
        await writeFile(fill, Buffer.alloc(52 * 1024));
        await expect(letters.add(refused(1, 1000))).rejects.toMatchObject({ code: 'ENOSPC' });
        expect(await indices()).toEqual([0]);
        await rm(fill);
        await letters.add(refused(1));
        expect(await indices()).toEqual([0, 1]);
        expect(letters.count).toBe(2);
      } finally {
        await letters.close();
        execFileSync('umount', [folder]);
      }
    },
  );
});
