import { batchOf } from '../../../certificate/testing/log-entries.js';
import type { EntryBatch } from '../../../certificate/entry-batch.js';
import type { EntryJournal, JournalGap, JournalRecord, ReadFrom } from '../entry-journal.js';

/** Returns `count` entries of `octets` each, from index `firstIndex` of a log on. */
export function testBatch(
  firstIndex: number,
  count = 2,
  octets = 100,
  url = 'https://log.example',
): EntryBatch {
  const entries = Array.from({ length: count }, (_, i) => ({
    timestamp: firstIndex + i,
    submitted: Buffer.alloc(octets, (firstIndex + i) % 256),
    chain: Buffer.alloc(0),
  }));
  return batchOf(entries, { firstIndex, url });
}

/** Returns a record or gap as a short text: `12: log.example 30-33`, `gap 3-5`. */
export function describeRead(got: JournalRecord | JournalGap): string {
  if ('from' in got) return `gap ${got.from}-${got.to}`;
  const { source, firstIndex, count } = got.batch;
  const kind = got.kind === 'next' ? '' : ` ${got.kind}`;
  return `${got.seq}: ${source.url.slice('https://'.length)} ${firstIndex}-${firstIndex + count - 1}${kind}`;
}

/** Reads records and gaps until `isLast` returns true for one of them. Returns them all. */
export async function readUntil(
  journal: EntryJournal,
  from: ReadFrom,
  isLast: (got: JournalRecord | JournalGap) => boolean,
): Promise<(JournalRecord | JournalGap)[]> {
  const all: (JournalRecord | JournalGap)[] = [];
  const abort = new AbortController();
  for await (const got of journal.read(from, abort.signal)) {
    all.push(got);
    if (isLast(got)) abort.abort();
  }
  return all;
}

/** Reads up to the newest record. Returns texts as written by {@link describeRead}. */
export async function readAll(journal: EntryJournal, from: ReadFrom = { after: 0 }): Promise<string[]> {
  const { newest } = journal;
  const all = await readUntil(journal, from, (got) => ('from' in got ? got.to : got.seq) >= newest);
  return all.map(describeRead);
}
