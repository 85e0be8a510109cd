import { describe, expect, it } from 'vitest';
import { readAll, testBatch } from '../testing/journal-batches.js';
import {
  fill,
  lines,
  openJournal,
  pressure,
  records,
  reopen,
  reopenKilled,
  useJournalFolder,
} from '../testing/journal-folder.js';

const URL = 'https://log.example';

useJournalFolder();

describe('DiskJournal after a restart', () => {
  it('keeps records that readers had not released before the restart, until all readers are registered again', async () => {
    let now = 1_000_000;
    const options = { segmentBytes: 1000, maxAgeMs: 1000, now: () => now };
    let journal = await openJournal(options);
    journal.release('slow', 0);
    await fill(journal, 20);
    now += 5000;
    journal = await reopen(journal, options);
    journal.release('fast', 20);
    journal.release('slow', 3);
    await fill(journal, 1);
    expect(await readAll(journal, { after: 3 })).toEqual(records(4, 21));
    journal.release('slow', 21);
    await fill(journal, 1);
    expect(journal.oldest).toBeGreaterThan(15);
  });

  it('makes the logs wait from the first record on if it is full of records that a reader needs', async () => {
    const options = { maxBytes: 16_000, segmentBytes: 2000 };
    let journal = await openJournal(options);
    journal.release('output', 0);
    while (pressure.ready() === undefined) await fill(journal, 1);
    const { newest } = journal;
    journal = await reopen(journal, options);
    journal.release('output', 0);
    expect(pressure.ready()).toBeUndefined();
    await fill(journal, 1);
    expect(pressure.ready()).toBeDefined();
    expect(await readAll(journal)).toEqual(records(1, newest + 1));
    expect(lines.join('\n')).not.toContain('dropped');
  });

  it.each(['killed', 'closed'])('stores the entries of a gap that was not saved (%s)', async (how) => {
    let journal = await openJournal({ segmentBytes: 400 });
    journal.append(testBatch(0, 10), 'next');
    await journal.durable();
    journal.append(testBatch(20, 10), 'next');
    await journal.durable();
    journal = await (how === 'killed' ? reopenKilled(journal) : reopen(journal));
    journal.append(testBatch(10, 10), 'next');
    journal.append(testBatch(20, 15), 'next');
    journal.append(testBatch(35, 5), 'next');
    await journal.durable();
    expect(journal.end(URL)).toBe(40);
    expect(await readAll(journal, { after: 2 })).toEqual([
      '3: log.example 10-19',
      '4: log.example 30-34',
      '5: log.example 35-39',
    ]);
  });

  it.each(['killed', 'closed'])('remembers that a log started over (%s)', async (how) => {
    let journal = await openJournal({ segmentBytes: 2000 });
    await fill(journal, 30);
    await journal.open({ url: 'https://none.example', key: 'none.example' }, undefined);
    await journal.open({ url: URL, key: 'log.example' }, undefined);
    expect(journal.end(URL)).toBeUndefined();
    await journal.durable();
    journal = await (how === 'killed' ? reopenKilled(journal) : reopen(journal));
    expect(journal.end(URL)).toBeUndefined();
    journal.append(testBatch(10, 5), 'next');
    await journal.durable();
    journal = await (how === 'killed' ? reopenKilled(journal) : reopen(journal));
    expect(journal.append(testBatch(10, 5), 'next').seq).toBe(32);
    journal.append(testBatch(15, 5), 'next');
    await journal.durable();
    expect(await readAll(journal)).toEqual([
      ...records(1, 30),
      '32: log.example 10-14',
      '33: log.example 15-19',
    ]);
  });
});
