import { describe, expect, it } from 'vitest';
import { fakeEntries } from '../../../../test/support/fake-ct-log.js';
import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { BackPressure } from '../../back-pressure.js';
import type { JournalGap, JournalRecord, ReadFrom } from '../entry-journal.js';
import { testBatch } from '../testing/journal-batches.js';
import { MemoryJournal } from './memory-journal.js';

/** Octets of an entry of a record. */
const ENTRY_BYTES = 5000;
const pressure = new BackPressure();

function journalOf(records: number, onFull: 'wait' | 'skip' = 'skip'): MemoryJournal {
  return new MemoryJournal(pressure, { maxBytes: (records + 0.5) * 2 * ENTRY_BYTES, onFull });
}

const entries = (firstIndex: number): EntryBatch => testBatch(firstIndex, 2, ENTRY_BYTES);

/** Appends records of two entries each. */
function append(journal: MemoryJournal, count: number): void {
  for (let i = 0; i < count; i++) journal.append(entries(journal.newest * 2), 'next');
}

const shown = (item: JournalRecord | JournalGap): string =>
  'from' in item ? `gap ${item.from}-${item.to}` : `${item.seq}: ${item.batch.firstIndex} ${item.kind}`;

function reader(journal: MemoryJournal, from: ReadFrom) {
  const stop = new AbortController();
  const items = journal.read(from, stop.signal);
  return {
    stop,
    take: async (count: number): Promise<string[]> => {
      const taken: string[] = [];
      while (taken.length < count) {
        const { value, done } = await items.next();
        if (done === true) break;
        taken.push(shown(value));
      }
      return taken;
    },
  };
}

describe(MemoryJournal.name, () => {
  it('gives each record the next number, and keeps the newest records within its bound', () => {
    const journal = journalOf(2);
    append(journal, 3);
    expect([journal.newest, journal.oldest]).toEqual([3, 2]);
  });

  it('keeps nothing of a page but the octets of the entries, whose memory it uses again', async () => {
    const journal = journalOf(2);
    const records = journal.read({ after: 0 }, new AbortController().signal);
    const read: EntryBatch[] = [];
    for (let i = 0; i < 300; i++) {
      const page = testBatch(i, 2, ENTRY_BYTES);
      const bytes = Buffer.concat([page.bytes, Buffer.alloc(100_000)]);
      journal.append({ ...page, bytes }, 'next');
      bytes.fill(0);
      const { value } = await records.next();
      if (value !== undefined && 'batch' in value) read.push(value.batch);
    }
    expect(journal.oldest).toBe(299);
    const changed = read.filter(({ bytes }, i) => !bytes.equals(testBatch(i, 2, ENTRY_BYTES).bytes));
    expect([read.length, changed]).toEqual([300, []]);
  });

  it('is durable at once without readers, or when all readers have released everything', async () => {
    const journal = journalOf(10);
    append(journal, 1);
    await journal.durable();
    journal.release('a', 1);
    journal.release('b', 1);
    append(journal, 2);
    let isDurable = false;
    const durable = journal.durable().then(() => (isDurable = true));
    append(journal, 1);
    journal.release('a', 4);
    journal.release('b', 2);
    await new Promise(setImmediate);
    expect(isDurable).toBe(false);
    journal.release('b', 3);
    await durable;
  });

  it('yields the records from a number on, then each new record', async () => {
    const journal = journalOf(10);
    append(journal, 2);
    const { take } = reader(journal, { after: 0 });
    expect(await take(2)).toEqual(['1: 0 next', '2: 2 next']);
    const third = take(1);
    journal.append(fakeEntries(0, 1), 'again');
    expect(await third).toEqual(['3: 0 again']);
  });

  it('reads from after a record, from a time, and from the next record', async () => {
    const journal = journalOf(10);
    journal.release('a', 0);
    append(journal, 3);
    const now = Date.now();
    expect(await reader(journal, { after: 2 }).take(1)).toEqual(['3: 4 next']);
    expect(await reader(journal, { time: 0 }).take(1)).toEqual(['1: 0 next']);
    const later = [reader(journal, { time: now + 60_000 }), reader(journal, 'now')].map(({ take }) =>
      take(1),
    );
    append(journal, 1);
    expect(await Promise.all(later)).toEqual([['4: 6 next'], ['4: 6 next']]);
  });

  it('drops the oldest records when it is full, and yields a gap for them', async () => {
    const journal = journalOf(2);
    journal.release('a', 0);
    append(journal, 5);
    expect(await reader(journal, { after: 0 }).take(3)).toEqual(['gap 1-3', '4: 6 next', '5: 8 next']);
  });

  it('counts the entries and octets after a number that it holds', () => {
    const journal = journalOf(2);
    const before = Date.now();
    append(journal, 3);
    const all = journal.backlog(0);
    expect(all).toMatchObject({ records: 2, entries: 4 });
    expect(all.bytes).toBeGreaterThanOrEqual(4 * ENTRY_BYTES);
    expect(all.oldestTime).toBeGreaterThanOrEqual(before);
    expect(journal.backlog(2)).toMatchObject({ records: 1, entries: 2, bytes: all.bytes / 2 });
    expect(journal.backlog(3)).toEqual({ records: 0, entries: 0, bytes: 0, oldestTime: undefined });
  });

  it('with onFull "wait", makes publishers wait and drops no record that a registered reader needs', async () => {
    const journal = journalOf(2, 'wait');
    journal.release('a', 0);
    append(journal, 2);
    expect(pressure.ready()).toBeUndefined();
    append(journal, 1);
    const wait = pressure.ready();
    expect(wait).toBeDefined();
    journal.release('a', 1);
    await wait;
    expect(await reader(journal, { after: 1 }).take(2)).toEqual(['2: 2 next', '3: 4 next']);
  });

  it('does not make publishers wait for a reader that is not registered', async () => {
    const journal = journalOf(2, 'wait');
    const { take } = reader(journal, 'now');
    const items = take(3);
    append(journal, 5);
    expect(pressure.ready()).toBeUndefined();
    expect(await items).toEqual(['gap 1-3', '4: 6 next', '5: 8 next']);
  });

  it('ends a waiting reader when it is aborted', async () => {
    const journal = journalOf(10);
    const { take, stop } = reader(journal, 'now');
    const nothing = take(1);
    stop.abort();
    expect(await nothing).toEqual([]);
  });
});
