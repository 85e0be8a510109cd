import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { BackPressure } from '../../back-pressure.js';
import { DiskJournal } from '../disk/disk-journal.js';
import { ENTRY_BATCH_CODEC } from '../disk/journal-codec.js';
import type { DiskJournalOptions } from '../disk/disk-journal-options.js';
import { testBatch } from './journal-batches.js';

export const MEBIBYTE = 2 ** 20;
export let folder: string;
/** The log lines of the journals. */
export let lines: string[];
export let pressure: BackPressure;
const open: DiskJournal[] = [];
const log = {
  log: (message: string) => void lines.push(message),
  warn: (message: string) => void lines.push(message),
};

/** Creates a new folder for each test of the file, and closes its journals after the test. */
export function useJournalFolder(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journal-'));
    lines = [];
    pressure = new BackPressure();
  });
  afterEach(async () => {
    for (const journal of open.splice(0)) await journal.close();
    await rm(folder, { recursive: true, force: true });
  });
}

export async function openJournal(options: Partial<DiskJournalOptions> = {}): Promise<DiskJournal> {
  const defaults = {
    folder,
    maxBytes: 64 * MEBIBYTE,
    maxAgeMs: 3_600_000,
    onFull: 'wait',
    syncMs: 1,
  } as const;
  const journal = await DiskJournal.open({ ...defaults, ...options }, ENTRY_BATCH_CODEC, pressure, log);
  open.push(journal);
  return journal;
}

export async function reopen(
  journal: DiskJournal,
  options: Partial<DiskJournalOptions> = {},
): Promise<DiskJournal> {
  await journal.close();
  return openJournal(options);
}

/** Reopens a journal without the index of its newest segment, as if the server had been killed. */
export async function reopenKilled(journal: DiskJournal): Promise<DiskJournal> {
  await journal.close();
  const newest = (await files('.index')).at(-1)!;
  await rm(newest);
  return openJournal();
}

/** Appends `count` records of two entries each. */
export async function fill(journal: DiskJournal, count: number, octets = 100): Promise<void> {
  for (let i = 0; i < count; i++) {
    journal.append(testBatch(journal.end('https://log.example') ?? 0, 2, octets), 'next');
    if (i % 8 === 7) await journal.durable();
  }
  await journal.durable();
}

export async function files(ending: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

export const record = (seq: number): string => `${seq}: log.example ${seq * 2 - 2}-${seq * 2 - 1}`;
export const records = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => record(from + i));

export function clearLines(): void {
  lines = [];
}
