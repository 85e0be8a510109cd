import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../../../certificate/testing/seeded-numbers.js';
import { readAll, testBatch } from '../testing/journal-batches.js';
import {
  clearLines,
  files,
  fill,
  folder,
  lines,
  openJournal,
  records,
  useJournalFolder,
} from '../testing/journal-folder.js';
import { HEADER_BYTES } from './segment-format.js';

useJournalFolder();

describe('DiskJournal with damaged files', () => {
  it('does not open a folder with a segment of another version, and changes no file', async () => {
    const journal = await openJournal();
    await fill(journal, 3);
    await journal.close();
    const [segment] = await files('.segment');
    const bytes = await readFile(segment);
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
    await writeFile(segment, bytes);
    await rm((await files('.index'))[0]);
    const before = await readdir(folder);
    await expect(openJournal()).rejects.toMatchObject({ code: 'JOURNAL_OTHER_VERSION', exitCode: 2 });
    await expect(openJournal()).rejects.toThrow(/0001\.segment: .*version 2 .*version 1; [^\n]*$/);
    expect(await readdir(folder)).toEqual(before);
    expect(await readFile(segment)).toEqual(bytes);
  });

  it('cuts off an unfinished record at the end, whatever its length, and logs one line', async () => {
    const journal = await openJournal();
    await fill(journal, 2, 1);
    await journal.close();
    const [path] = await files('.segment');
    const whole = await readFile(path);
    const size = (whole.length - HEADER_BYTES) / 2;
    for (let end = HEADER_BYTES + size; end < whole.length; end++) {
      for (const name of [...(await files('.index')), ...(await files('.segment'))]) await rm(name);
      await writeFile(path, whole.subarray(0, end));
      clearLines();
      const torn = await openJournal();
      const kept = Math.floor((end - HEADER_BYTES) / size);
      const cut = (end - HEADER_BYTES) % size;
      expect([torn.newest, torn.stats.holes, torn.end('https://log.example')]).toEqual([kept, 0, kept * 2]);
      expect(lines).toEqual(
        cut === 0 ? [] : [expect.stringContaining(`${cut} octets of an unfinished record`)],
      );
      torn.append(testBatch(kept * 2), 'next');
      expect(await readAll(torn)).toEqual(records(1, kept + 1));
      await torn.close();
    }
  });

  it.each(['sealed', 'killed'])('reports a gap for a record with a flipped bit (%s)', async (state) => {
    const journal = await openJournal();
    await fill(journal, 20);
    await journal.close();
    const [path] = await files('.segment');
    const [index] = await files('.index');
    const whole = await readFile(path);
    const indexText = await readFile(index);
    const numbers = new SeededNumbers(2026);
    const size = (whole.length - HEADER_BYTES) / 20;
    for (let round = 0; round < 25; round++) {
      for (const name of [...(await files('.index')), ...(await files('.segment'))]) await rm(name);
      const at = HEADER_BYTES + numbers.below(whole.length - HEADER_BYTES - size);
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 << numbers.below(8);
      await writeFile(path, bytes);
      if (state === 'sealed') await writeFile(index, indexText);
      clearLines();
      const damaged = await openJournal();
      const bad = Math.floor((at - HEADER_BYTES) / size) + 1;
      expect(await readAll(damaged)).toEqual([
        ...records(1, bad - 1),
        `gap ${bad}-${bad}`,
        ...records(bad + 1, 20),
      ]);
      expect(await readAll(damaged, { after: bad })).toEqual(records(bad + 1, 20));
      expect(damaged.stats.holes).toBe(1);
      expect(lines).toEqual([
        expect.stringContaining(`${size} octets from ${HEADER_BYTES + (bad - 1) * size} on`),
      ]);
      expect(damaged.end('https://log.example')).toBe(40);
      await damaged.close();
    }
  });

  it('rebuilds a missing or damaged index', async () => {
    let journal = await openJournal({ segmentBytes: 2000 });
    await fill(journal, 30);
    await journal.close();
    const indexes = await files('.index');
    await rm(indexes[0]);
    const text = await readFile(indexes[1], 'utf8');
    await writeFile(indexes[1], text.replace('"last":1', '"last":2'));
    await truncate(indexes[2], 20);
    journal = await openJournal();
    expect(await readAll(journal)).toEqual(records(1, 30));
    await journal.close();
    expect(await readFile(indexes[1], 'utf8')).toBe(text);
    expect(lines).toEqual([]);
  });

  it('leaves out a segment with a damaged header, and does not use its record numbers again', async () => {
    let journal = await openJournal({ segmentBytes: 2000 });
    await fill(journal, 30);
    const { epoch } = journal;
    await journal.close();
    const segments = await files('.segment');
    for (const path of [segments[1], segments.at(-1)!]) {
      const bytes = await readFile(path);
      bytes[30] ^= 1;
      await writeFile(path, bytes);
    }
    journal = await openJournal();
    expect(journal.epoch).toBe(epoch);
    expect(journal.stats.holes).toBe(2);
    expect(lines).toHaveLength(2);
    expect(journal.newest).toBeGreaterThanOrEqual(30);
    const { seq } = journal.append(testBatch(1000), 'next');
    const got = await readAll(journal);
    expect(got.filter((line) => line.startsWith('gap'))).toHaveLength(2);
    expect(got.at(-1)).toBe(`${seq}: log.example 1000-1001`);
  });
});
