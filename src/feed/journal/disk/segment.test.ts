import { expect, it, vi } from 'vitest';
import { readAll } from '../testing/journal-batches.js';
import { fill, openJournal, records, useJournalFolder } from '../testing/journal-folder.js';

const opened = vi.hoisted(() => ({ now: 0, most: 0 }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (...args) => {
    const file = await real.open(...args);
    opened.most = Math.max(opened.most, ++opened.now);
    const close = file.close.bind(file);
    file.close = () => close().finally(() => opened.now--);
    return file;
  };
  return { ...real, open };
});

useJournalFolder();

it('many replays at the same time have few files open', async () => {
  const journal = await openJournal({ segmentBytes: 2000 });
  await fill(journal, 30);
  const expected = records(1, 30);
  const replays = await Promise.all(Array.from({ length: 100 }, () => readAll(journal)));
  for (const replay of replays) expect(replay).toEqual(expected);
  expect(opened.most).toBeGreaterThan(8);
  // The journal itself has a file open too.
  expect(opened.most).toBeLessThanOrEqual(20);
});
