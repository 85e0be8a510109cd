import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackPressure } from '../../back-pressure.js';
import { readAll, testBatch } from '../testing/journal-batches.js';
import { DiskJournal } from './disk-journal.js';
import { ENTRY_BATCH_CODEC } from './journal-codec.js';
import type { DiskJournalOptions } from './disk-journal-options.js';

const MEBIBYTE = 2 ** 20;
const codec = ENTRY_BATCH_CODEC;
const URL = 'https://log.example';
const UNWRITABLE = { code: 'JOURNAL_UNWRITABLE' };

let parent: string;
let folder: string;
let lines: string[];
let pressure: BackPressure;
let journal: DiskJournal | undefined;
const log = {
  log: (message: string) => void lines.push(message),
  warn: (message: string) => void lines.push(message),
};

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'journal-'));
  folder = join(parent, 'journal');
  lines = [];
  pressure = new BackPressure();
});
afterEach(async () => {
  await journal?.close();
  journal = undefined;
  await rm(parent, { recursive: true, force: true });
});

async function openJournal(options: Partial<DiskJournalOptions> = {}, using = codec): Promise<DiskJournal> {
  const defaults = { folder, maxBytes: 64 * MEBIBYTE, maxAgeMs: 3_600_000, onFull: 'wait' } as const;
  const times = { syncMs: 1, retryMs: 20 };
  journal = await DiskJournal.open({ ...defaults, ...times, ...options }, using, pressure, log);
  return journal;
}

/** Appends the next two entries, of `octets` each. */
function append(to: DiskJournal, octets = 100): number {
  return to.append(testBatch(to.end(URL) ?? 0, 2, octets), 'next').seq;
}

/** Resolves when records are stored again. Each failed try is one rejection. */
async function untilDurable(of: DiskJournal): Promise<void> {
  for (;;) {
    try {
      return await of.durable();
    } catch (error) {
      expect(error).toMatchObject(UNWRITABLE);
    }
  }
}

const count = (part: string): number => lines.filter((line) => line.startsWith(part)).length;

describe('DiskJournal when the disk fails', () => {
  it.skipIf(process.getuid?.() !== 0)(
    'continues without storing on a full disk, and stores again when there is room (needs root for a tmpfs)',
    async () => {
      await mkdir(folder);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
      try {
        const full = await openJournal();
        for (let i = 0; i < 5; i++) append(full, 50_000);
        await full.durable();
        await writeFile(join(folder, 'other'), Buffer.alloc(MEBIBYTE)).catch(() => undefined);
        append(full, 50_000);
        await expect(full.durable()).rejects.toMatchObject({
          ...UNWRITABLE,
          message: expect.stringMatching(
            /^[^\n]*journal: records cannot be stored: ENOSPC[^\n]*free disk space[^\n]*$/,
          ),
        });
        await expect(full.durable()).rejects.toMatchObject(UNWRITABLE);
        // More than the queue keeps while the disk fails.
        for (let i = 0; i < 10; i++) append(full, 500_000);
        expect(pressure.ready()).toBeUndefined();
        expect(full.stats.lostRecords).toBeGreaterThan(0);
        await rm(join(folder, 'other'));
        execFileSync('mount', ['-o', 'remount,size=32m', folder]);
        await untilDurable(full);
        append(full);
        await full.durable();
        expect(count(`${folder}: records cannot be stored: ENOSPC`)).toBe(1);
        expect(count('records are lost')).toBe(1);
        const lost = full.stats.lostRecords;
        const got = await readAll(full);
        expect(got.filter((line) => line.startsWith('gap'))).toEqual([`gap ${17 - lost}-16`]);
        expect(got).toHaveLength(17 - lost + 1);
        await full.close();
        const again = await openJournal();
        expect([again.newest, again.stats.holes]).toEqual([17, 0]);
        expect(await readAll(again)).toEqual(got);
      } finally {
        await journal?.close();
        execFileSync('umount', [folder]);
      }
    },
  );

  it.each(['removed', 'moved away'])('detects that its folder was %s, and creates a new one', async (how) => {
    const vanishing = await openJournal();
    append(vanishing);
    await vanishing.durable();
    const { epoch } = vanishing;
    if (how === 'removed') await rm(folder, { recursive: true });
    else await rename(folder, `${folder}.away`);
    append(vanishing);
    await expect(vanishing.durable()).rejects.toMatchObject(UNWRITABLE);
    await untilDurable(vanishing);
    append(vanishing);
    await vanishing.durable();
    expect(await readAll(vanishing)).toEqual(['gap 1-2', '3: log.example 4-5']);
    expect(vanishing.stats).toMatchObject({ failures: 1, lostRecords: 1, holes: 1 });
    await vanishing.close();
    expect((await openJournal()).epoch).toBe(epoch);
  });

  it('keeps retrying while the folder cannot be created', async () => {
    const failing = await openJournal();
    append(failing);
    await failing.durable();
    await rm(folder, { recursive: true });
    await writeFile(folder, 'not a folder');
    append(failing);
    for (let i = 0; i < 3; i++) await expect(failing.durable()).rejects.toMatchObject(UNWRITABLE);
    // One line for each reason: the file is gone, and its folder is not a folder.
    expect(count(`${folder}: records cannot be stored: `)).toBeLessThanOrEqual(2);
    await rm(folder);
    await untilDurable(failing);
    append(failing);
    await failing.durable();
    expect(await readAll(failing)).toEqual(['gap 1-2', '3: log.example 4-5']);
    await failing.close();
    expect((await readdir(folder)).sort()).toEqual(['0000000000000003.index', '0000000000000003.segment']);
  });

  it('closes while the disk fails, and rejects for the records that are not stored', async () => {
    const failing = await openJournal();
    await rm(folder, { recursive: true });
    await writeFile(folder, 'not a folder');
    append(failing);
    const durable = failing.durable();
    durable.catch(() => undefined);
    await failing.close();
    await expect(durable).rejects.toMatchObject(UNWRITABLE);
    append(failing);
    await expect(failing.durable()).rejects.toMatchObject(UNWRITABLE);
  });

  it('makes publishers wait while more than 8 MiB wait to be written, and loses records beyond 32 MiB', async () => {
    const slow = await openJournal();
    for (let i = 0; i < 8; i++) append(slow, 500_000);
    expect(pressure.ready()).toBeUndefined();
    append(slow, 500_000);
    const ready = pressure.ready();
    expect(ready).toBeDefined();
    for (let i = 0; i < 30; i++) append(slow, 500_000);
    expect(slow.stats.lostRecords).toBe(6);
    await expect(slow.durable()).rejects.toMatchObject(UNWRITABLE);
    await ready;
    append(slow);
    await slow.durable();
    expect((await readAll(slow)).slice(-2)).toEqual(['gap 34-39', '40: log.example 78-79']);
  });

  it('loses only the record that the codec refuses', async () => {
    const encode: typeof codec.encode = (batch) => {
      if (batch.firstIndex === 2) throw new Error('too large');
      return codec.encode(batch);
    };
    const partial = await openJournal({}, { ...codec, encode });
    for (let i = 0; i < 3; i++) append(partial);
    await expect(partial.durable()).rejects.toThrow(/too large/);
    await partial.durable();
    expect(await readAll(partial)).toEqual(['1: log.example 0-1', 'gap 2-2', '3: log.example 4-5']);
    expect(lines).toEqual([expect.stringContaining('too large')]);
  });

  it('yields a gap for a record that the codec cannot decode', async () => {
    const decode: typeof codec.decode = (payload) => {
      const batch = codec.decode(payload);
      if (batch.firstIndex === 2) throw new Error('of another version');
      return batch;
    };
    const partial = await openJournal({}, { ...codec, decode });
    for (let i = 0; i < 3; i++) append(partial);
    await partial.durable();
    expect(await readAll(partial)).toEqual(['1: log.example 0-1', 'gap 2-2', '3: log.example 4-5']);
    expect(partial.stats.holes).toBe(1);
  });

  it('makes a reader wait while a segment that is not damaged cannot be read', async () => {
    const unreadable = await openJournal();
    for (let i = 0; i < 3; i++) append(unreadable);
    await unreadable.close();
    const again = await openJournal();
    const path = join(folder, '0000000000000001.segment');
    await rename(path, `${path}.away`);
    // A link to itself cannot be opened. The rename later replaces it atomically, so that the file is never missing.
    await symlink(path, path);
    const read = readAll(again);
    await expect.poll(() => again.stats.failures).toBeGreaterThan(10);
    await rename(`${path}.away`, path);
    expect(await read).toEqual(['1: log.example 0-1', '2: log.example 2-3', '3: log.example 4-5']);
    expect(count(`${path} cannot be read`)).toBe(1);
  });
});
