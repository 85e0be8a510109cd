import { existsSync } from 'node:fs';

import type { CertstreamConfig } from '../../config/config-schema.js';
import type { StoppedJournal } from '../../feed/journal/disk/stopped-journal.js';
import { JournalError } from '../../feed/journal/journal-error.js';
import { startOf } from '../../stream/subscription/stream-options.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { knownOutput, SavedPositions } from '../outputs/saved-positions.js';
import { printable } from '../../logging/printable.js';
import { UsageError } from '../usage-error.js';

export interface ResetOutputOptions extends LoadOptions {
  readonly name: string;
  /** `head`, `oldest`, a cursor or a time. */
  readonly to: string;
}

/** Changes the saved position of one output of a stopped server, and prints what that means for its entries. */
export async function resetOutput(options: ResetOutputOptions): Promise<void> {
  const { config } = await loadForCommand(options);
  const saved = await openPositions(config);
  try {
    const { journal, cursors } = saved;
    const name = knownOutput(options.name, saved.names);
    const { after: before, reason } = cursors.start(name);
    if (reason !== undefined) process.stderr.write(`${printable(`${name}: ${reason}`)}\n`);
    const again = cursors.names.includes(name) ? ' once more' : '';
    const after = await target(options.to, journal);
    if (after !== before) {
      cursors.set(name, after);
      await cursors.save(true);
    }
    process.stdout.write(`${name}: ${await change(journal, before, after, again)}\n`);
  } finally {
    await saved.close();
  }
}

async function openPositions(config: CertstreamConfig): Promise<SavedPositions> {
  const { store, path } = config.journal;
  if (store === 'memory')
    throw new UsageError('journal.store is memory, so positions are not saved; there is nothing to reset');
  if (!existsSync(path))
    throw new UsageError(
      `${path} of journal.path does not exist; start the server once, or correct the path`,
    );
  try {
    return await SavedPositions.open(config);
  } catch (error) {
    if (!(error instanceof JournalError) || error.code !== 'JOURNAL_LOCKED') throw error;
    throw new UsageError(`${path}: a running server uses this journal; stop the server first`, {
      cause: error,
    });
  }
}

/** Returns the number of the record after which the output is to begin. @throws UsageError */
async function target(to: string, journal: StoppedJournal): Promise<number> {
  const { oldest, newest } = journal;
  if (to === 'head') return newest;
  if (to === 'oldest') return oldest - 1;
  const start = startOf(to, journal);
  if (start === undefined)
    throw new UsageError(
      `--to ${JSON.stringify(to)} is neither head, oldest, a cursor of this journal nor a time; times are 2026-01-31T12:00:00Z, Unix seconds, or -90s, -15m, -2h`,
    );
  const after = 'time' in start ? await journal.lastBefore(start.time) : start.seq - 1;
  return Math.max(after, oldest - 1);
}

async function change(
  journal: StoppedJournal,
  before: number,
  after: number,
  again: string,
): Promise<string> {
  if (after === before) return `the position stays after record ${after}`;
  const from = Math.max(Math.min(before, after), journal.oldest - 1);
  const to = Math.max(before, after);
  const entries = (await journal.entriesAfter(from)) - (await journal.entriesAfter(to));
  const amount = `${entries} entries (${Math.max(0, Math.min(to, journal.newest) - from)} records)`;
  const what = after < before ? `delivers ${amount}${again}` : `skips ${amount}`;
  return `the position moves from after record ${before} to after record ${after}; the next start of the server ${what}`;
}
