import { readdirSync } from 'node:fs';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { abortControllerForMany } from '../../../kernel/abort-controller.js';
import { ENTRY_BATCH_CODEC } from './journal-codec.js';
import { describeRead, readAll, readUntil, testBatch } from '../testing/journal-batches.js';
import {
  files,
  fill,
  folder,
  lines,
  MEBIBYTE,
  openJournal,
  pressure,
  record,
  records,
  reopen,
  reopenKilled,
  useJournalFolder,
} from '../testing/journal-folder.js';
import { HEADER_BYTES } from './segment-format.js';

useJournalFolder();

describe('DiskJournal', () => {
  it('yields records in order, across segments and a restart, and keeps its epoch', async () => {
    let journal = await openJournal({ segmentBytes: 2000 });
    expect([journal.oldest, journal.newest]).toEqual([1, 0]);
    await fill(journal, 30);
    journal.append(testBatch(10), 'again');
    journal.append(testBatch(500), 'late');
    await journal.durable();
    const expected = [...records(1, 30), '31: log.example 10-11 again', '32: log.example 500-501 late'];
    expect(await readAll(journal)).toEqual(expected);
    const { epoch } = journal;
    journal = await reopen(journal);
    expect(journal.epoch).toBe(epoch);
    expect(await readAll(journal)).toEqual(expected);
    expect(await readAll(journal, { after: 17 })).toEqual(expected.slice(17));
    expect(journal.stats.segments).toBeGreaterThan(4);
    expect(journal.end('https://log.example')).toBe(60);
    expect(journal.append(testBatch(60), 'next').seq).toBe(33);
    expect((await readAll(journal)).at(-1)).toBe('33: log.example 60-61');
  });

  it('returns the entries unchanged', async () => {
    const journal = await openJournal();
    const batch = testBatch(7, 3, 1000);
    journal.append(batch, 'next');
    const [got] = await readUntil(await reopen(journal), { after: 0 }, () => true);
    expect(got).toMatchObject({ seq: 1, kind: 'next' });
    expect('batch' in got && ENTRY_BATCH_CODEC.encode(got.batch)).toEqual(ENTRY_BATCH_CODEC.encode(batch));
  });

  it('does not store entries again that were stored before a restart, for each log separately', async () => {
    let journal = await openJournal();
    journal.append(testBatch(0, 10), 'next');
    journal.append(testBatch(5, 2, 100, 'https://other.example'), 'next');
    journal = await reopenKilled(journal);
    expect(journal.append(testBatch(0, 10), 'next').seq).toBe(2);
    expect(journal.append(testBatch(8, 4), 'next').seq).toBe(3);
    expect(journal.append(testBatch(4, 2), 'late').seq).toBe(4);
    expect(journal.end('https://other.example')).toBe(7);
    expect(journal.end('https://none.example')).toBeUndefined();
    await journal.durable();
    expect(await readAll(journal)).toEqual([
      '1: log.example 0-9',
      '2: other.example 5-6',
      '3: log.example 10-11',
      '4: log.example 4-5 late',
    ]);
  });

  it('lets a reader begin after a record, at a time, or now', async () => {
    let now = 1000;
    let journal = await openJournal({ segmentBytes: 100_000, now: () => now });
    for (; now < 1100; now++) await fill(journal, 1, 2000);
    for (let round = 0; round < 2; round++) {
      expect((await readAll(journal, { time: 1050 }))[0]).toBe(record(51));
      expect((await readAll(journal, { time: 1049.5 }))[0]).toBe(record(51));
      expect((await readAll(journal, { time: 0 }))[0]).toBe(record(1));
      expect((await readAll(journal, { after: 42 }))[0]).toBe(record(43));
      journal = await reopen(journal, { now: () => now });
    }
    const abort = new AbortController();
    const readers = (['now', { time: 5000 }, { after: 100 }, { after: 1e9 }] as const).map((from) =>
      journal.read(from, abort.signal)[Symbol.asyncIterator]().next(),
    );
    await fill(journal, 1);
    for (const reader of readers) expect(describeRead((await reader).value)).toBe(record(101));
    abort.abort();
  });

  it('lets a reader by time begin with records that are not written yet', async () => {
    let now = 1000;
    const journal = await openJournal({ now: () => now });
    await fill(journal, 3);
    for (now = 2000; now <= 4000; now += 1000) journal.append(testBatch(now), 'next');
    const stop = new AbortController();
    const reader = journal.read({ time: 3000 }, stop.signal)[Symbol.asyncIterator]();
    expect(describeRead((await reader.next()).value)).toBe('5: log.example 3000-3001');
    expect(describeRead((await reader.next()).value)).toBe('6: log.example 4000-4001');
    // The clock of the server was set back.
    now = 10;
    journal.append(testBatch(5000), 'next');
    expect(describeRead((await reader.next()).value)).toBe('7: log.example 5000-5001');
    stop.abort();
  });

  it('ends a waiting reader when it is aborted, and opens no file for 200 waiting readers', async () => {
    const journal = await openJournal({ segmentBytes: 4000 });
    await fill(journal, 50);
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const abort = abortControllerForMany();
    const seen: number[] = [];
    const readers = Array.from({ length: 200 }, async (_, i) => {
      for await (const got of journal.read({ after: i % 50 }, abort.signal))
        if ('seq' in got && got.seq === 51) seen.push(i);
    });
    const abandoned = journal.read({ after: 0 }, abort.signal)[Symbol.asyncIterator]();
    await abandoned.next();
    await fill(journal, 1);
    await Promise.race([...readers, allSeen(seen)]);
    expect(descriptors()).toBeLessThanOrEqual(before + 1);
    abort.abort();
    await Promise.all(readers);
    expect(seen).toHaveLength(200);
  });

  it('yields a gap to a reader that is too slow, then the oldest record', async () => {
    const maxBytes = 4 * MEBIBYTE;
    const journal = await openJournal({ maxBytes, segmentBytes: MEBIBYTE / 4 });
    await fill(journal, 4, 50_000);
    const abort = new AbortController();
    const reader = journal.read({ after: 0 }, abort.signal)[Symbol.asyncIterator]();
    const got = [describeRead((await reader.next()).value)];
    await fill(journal, 100, 50_000);
    expect(journal.stats.bytes).toBeLessThanOrEqual(maxBytes);
    expect(journal.stats.bytes).toBeGreaterThan(maxBytes - MEBIBYTE);
    while (!got.at(-1)!.startsWith('104:')) got.push(describeRead((await reader.next()).value));
    abort.abort();
    const gap = got.find((line) => line.startsWith('gap'))!;
    const [, from, to] = /gap (\d+)-(\d+)/.exec(gap)!.map(Number);
    expect(got).toEqual([...records(1, from - 1), gap, ...records(to + 1, 104)]);
    expect(to + 1).toBe(journal.oldest);
    expect(await files('.segment')).toHaveLength(journal.stats.segments);
    expect((await readAll(journal))[0]).toBe(`gap 1-${journal.oldest - 1}`);
  });

  it('drops old segments, except those that a registered reader has not released', async () => {
    let now = 1_000_000;
    const journal = await openJournal({ segmentBytes: 1000, maxAgeMs: 1000, now: () => now });
    await fill(journal, 20);
    journal.release('output', 7);
    now += 5000;
    await fill(journal, 5);
    expect(journal.oldest).toBeLessThanOrEqual(8);
    expect(await readAll(journal, { after: 7 })).toEqual(records(8, 25));
    journal.release('output', 25);
    expect(journal.oldest).toBeGreaterThan(15);
    now += 5000;
    await fill(journal, 1);
    expect((await readAll(journal)).at(-1)).toBe(record(26));
  });

  it('is full while a registered reader needs the oldest segment, and then drops no segment', async () => {
    const journal = await openJournal({ maxBytes: 16_000, segmentBytes: 2000 });
    journal.release('output', 0);
    for (let i = 0; i < 200 && pressure.ready() === undefined; i++) await fill(journal, 1);
    expect(journal.stats.bytes).toBeLessThanOrEqual(16_000);
    const { newest } = journal;
    expect(await readAll(journal)).toEqual(records(1, newest));
    expect(lines.filter((line) => line.includes('journal is full, and output has not read'))).toHaveLength(1);
    const ready = pressure.ready();
    expect(ready).toBeDefined();
    journal.release('output', newest);
    await ready;
    expect(pressure.ready()).toBeUndefined();
    await fill(journal, 50);
    expect(journal.oldest).toBeGreaterThan(1);
  });

  it('drops records that a registered reader has not read with on_full: skip, counts them and logs it once', async () => {
    const journal = await openJournal({ maxBytes: 16_000, segmentBytes: 2000, onFull: 'skip' });
    journal.release('output', 0);
    await fill(journal, 100);
    expect(pressure.ready()).toBeUndefined();
    expect(journal.stats.skippedRecords).toBe(journal.oldest - 1);
    expect(lines.filter((line) => line.includes('which output has not read'))).toHaveLength(1);
    const got = await readAll(journal);
    expect(got).toEqual([`gap 1-${journal.oldest - 1}`, ...records(journal.oldest, 100)]);
  });

  it('continues after the numbers that a reader has seen, even if a loss of power removed those records', async () => {
    const journal = await openJournal();
    await fill(journal, 3);
    journal.release('output', 10);
    expect(journal.append(testBatch(6), 'next').seq).toBe(11);
    expect(await readAll(journal, { after: 10 })).toEqual(['11: log.example 6-7']);
    expect(await readAll(journal, { after: 2 })).toEqual([record(3), 'gap 4-10', '11: log.example 6-7']);
  });

  it('does not open a folder that another journal uses, until that journal is closed', async () => {
    const journal = await openJournal();
    const second = openJournal();
    await expect(second).rejects.toMatchObject({ code: 'JOURNAL_LOCKED', exitCode: 2 });
    await expect(second).rejects.toThrow(/^[^\n]*stop that server[^\n]*$/);
    await reopen(journal);
  });

  it('leaves other files in the folder alone', async () => {
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await fill(await openJournal(), 1);
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('reports in one line that a folder cannot be used', async () => {
    await appendFile(join(folder, 'file'), '');
    const failed = openJournal({ folder: join(folder, 'file') });
    await expect(failed).rejects.toMatchObject({ code: 'JOURNAL_UNUSABLE', exitCode: 2 });
    await expect(failed).rejects.toThrow(/^[^\n]*file: [^\n]*$/);
  });

  it('counts records, entries, segments, octets and syncs', async () => {
    const journal = await openJournal({ now: () => 4711 });
    await fill(journal, 10);
    const [path] = await files('.segment');
    expect(journal.stats).toMatchObject({
      records: 10,
      entries: 20,
      segments: 1,
      oldestTime: 4711,
      failures: 0,
    });
    expect(journal.stats.bytes).toBe((await stat(path)).size);
    expect(journal.stats.bytesWritten).toBe(journal.stats.bytes - HEADER_BYTES);
    expect(journal.stats.syncs).toBeGreaterThan(0);
  });
});

async function allSeen(seen: readonly number[]): Promise<void> {
  while (seen.length < 200) await new Promise((resolve) => setImmediate(resolve));
}
