import { describe, expect, it } from 'vitest';
import { fakeEntries } from '../../test/support/fake-ct-log.js';
import { memoryJournal } from '../../test/support/feed.js';
import { cursorAt, newestCursor, oldestCursor, positionOf } from './cursor.js';
import { fill, openJournal, reopen, useJournalFolder } from './journal/testing/journal-folder.js';

useJournalFolder();

describe('cursors', () => {
  it('name a position, before and after the newest entry', () => {
    const journal = memoryJournal();
    expect(positionOf(journal, newestCursor(journal))).toEqual({ seq: 1, index: 0 });
    for (let i = 0; i < 3; i++) journal.append(fakeEntries(i, 1), 'next');
    expect(positionOf(journal, cursorAt(journal, { seq: 2, index: 7 }))).toEqual({ seq: 2, index: 7 });
    expect(positionOf(journal, newestCursor(journal))).toEqual({ seq: 4, index: 0 });
    expect(positionOf(journal, oldestCursor(journal))).toEqual({ seq: 1, index: 0 });
  });

  it('have at most 64 characters, all of them safe in URLs', () => {
    const most = {
      epoch: '0123456789abcdef',
      run: 2 ** 40 - 1,
      newest: 2 ** 48 - 1,
      oldest: 1,
      endOf: () => 1,
    };
    const cursor = cursorAt(most, { seq: 2 ** 48, index: 999_999_999 });
    expect(cursor).toMatch(/^[\w.-]{1,64}$/);
  });

  it.each([
    '',
    'x',
    'a.b.c.d',
    '1.1.1.1',
    '.1.1.0',
    'EPOCH.1.1',
    'EPOCH.1.1.0.0',
    'EPOCH.-1.1.0',
    'EPOCH.1.1e9.0',
    `EPOCH.1.${'9'.repeat(400)}.0`,
  ])('are refused when they are malformed: %j', (text) => {
    const journal = memoryJournal();
    expect(positionOf(journal, text.replace('EPOCH', journal.epoch))).toBeUndefined();
  });

  it('of another journal, of the future and of a later run are refused', () => {
    const journal = memoryJournal();
    expect(positionOf(journal, newestCursor(memoryJournal()))).toBeUndefined();
    expect(positionOf(journal, cursorAt(journal, { seq: 2, index: 0 }))).toBeUndefined();
    expect(positionOf(journal, cursorAt(journal, { seq: 1, index: 1 }))).toBeUndefined();
    expect(positionOf(journal, newestCursor(journal).replace('.1.', '.2.'))).toBeUndefined();
  });

  it('survive a restart; those of records that a crash removed are at the end of their run', async () => {
    let journal = await openJournal();
    await fill(journal, 3);
    const known = cursorAt(journal, { seq: 2, index: 1 });
    const newest = newestCursor(journal);
    const lost = cursorAt(journal, { seq: 9, index: 4 });
    journal = await reopen(journal);
    expect(positionOf(journal, known)).toEqual({ seq: 2, index: 1 });
    expect(positionOf(journal, newest)).toEqual({ seq: 4, index: 0 });
    expect(positionOf(journal, lost)).toEqual({ seq: 4, index: 0 });
    await fill(journal, 20);
    expect(positionOf(journal, lost)).toEqual({ seq: 4, index: 0 });
    expect(positionOf(journal, newestCursor(journal))).toEqual({ seq: 24, index: 0 });
    journal = await reopen(await reopen(journal));
    expect(positionOf(journal, lost)).toEqual({ seq: 4, index: 0 });
    expect(positionOf(journal, newestCursor(journal))).toEqual({ seq: 24, index: 0 });
    expect(journal.run).toBe(4);
  });
});
