import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { files, fill, openJournal, reopen, useJournalFolder } from '../testing/journal-folder.js';
import { DiskJournal } from './disk-journal.js';
import { HEADER_BYTES } from './segment-format.js';

useJournalFolder();

describe(DiskJournal.name, () => {
  it('counts the entries and octets after a number, also those of earlier runs', async () => {
    let now = 1000;
    const options = { segmentBytes: 1000, now: () => now };
    let journal = await openJournal(options);
    for (; now < 1020; now++) await fill(journal, 1);
    const octets = journal.stats.bytes - journal.stats.segments * HEADER_BYTES;
    expect(journal.backlog(0)).toEqual({ records: 20, entries: 40, bytes: octets, oldestTime: 1000 });
    expect(journal.backlog(15)).toEqual({ records: 5, entries: 10, bytes: octets / 4, oldestTime: 1015 });
    journal = await reopen(journal, options);
    expect(journal.backlog(0)).toEqual({ records: 20, entries: 40, bytes: octets, oldestTime: 1000 });
    await fill(journal, 10);
    expect(journal.backlog(20)).toMatchObject({ records: 10, entries: 20, oldestTime: 1020 });
    for (const index of await files('.index')) await rm(index);
    journal = await reopen(journal, options);
    expect(journal.backlog(0)).toMatchObject({ records: 30, entries: 60, oldestTime: 1000 });
    expect(journal.backlog(30)).toEqual({ records: 0, entries: 0, bytes: 0, oldestTime: undefined });
  });

  it('counts only the records that it still holds', async () => {
    const journal = await openJournal({ maxBytes: 16_000, segmentBytes: 2000, onFull: 'skip' });
    journal.release('output', 0);
    await fill(journal, 100);
    const held = 100 - journal.oldest + 1;
    expect(journal.backlog(0)).toMatchObject({ records: held, entries: 2 * held });
  });
});
