import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CURSOR_FILE, OutputCursors } from './output-cursors.js';

/** A journal that holds the records 5 to 9. */
const journal = { epoch: 'a', oldest: 5, newest: 9 };
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cursors-'));
  path = join(folder, CURSOR_FILE);
});
afterEach(() => rm(folder, { recursive: true }));

async function loaded(of = journal): Promise<OutputCursors> {
  const cursors = new OutputCursors(path, of);
  await cursors.load();
  return cursors;
}

const write = (content: object): Promise<void> => writeFile(path, JSON.stringify(content));

describe(OutputCursors.name, () => {
  it('continues at the saved position, and begins a new output after the newest record', async () => {
    await write({ version: 1, epoch: 'a', cursors: { lake: 7 } });
    const cursors = await loaded();
    expect(cursors.start('lake')).toEqual({ after: 7 });
    expect(cursors.start('new')).toEqual({ after: 9 });
  });

  it('begins every output at the oldest record, and says why, if the file is missing although the journal has records', async () => {
    const reason = `its position is lost, because ${path} was missing`;
    const cursors = await loaded();
    expect(cursors.start('lake')).toEqual({ after: 4, reason });
    cursors.set('lake', 6);
    await cursors.save();
    const later = await loaded();
    expect(later.start('lake')).toEqual({ after: 6 });
    expect(later.start('new')).toEqual({ after: 9 });
  });

  it('begins at the newest record of a journal that is new, too', async () => {
    expect((await loaded({ epoch: 'a', oldest: 1, newest: 0 })).start('lake')).toEqual({ after: 0 });
  });

  it('remembers a loss over a save that does not come from the server', async () => {
    const cursors = await loaded();
    cursors.set('lake', 6);
    await cursors.save(true);
    const later = await loaded();
    expect(later.start('lake')).toEqual({ after: 6 });
    expect(later.start('other')).toMatchObject({ after: 4 });
  });

  it('begins outputs of another journal at the oldest record, also those that come back later', async () => {
    await write({ version: 1, epoch: 'b', cursors: { lake: 700, away: 800 } });
    const cursors = await loaded();
    const reason = 'the journal of its position no longer exists';
    expect(cursors.start('lake')).toEqual({ after: 4, reason });
    expect(cursors.start('new')).toEqual({ after: 9 });
    await cursors.save();
    expect((await loaded()).start('away')).toEqual({ after: 4 });
  });

  it.each([
    ['', 'it is not JSON, or cut off'],
    ['{"version":1,"epoch":"a","cursors":{"lake":7}', 'it is not JSON, or cut off'],
    ['{"version":2,"epoch":"a","cursors":{}}', 'it is not a position file of this version'],
    ['{"version":1,"epoch":"a","cursors":{"lake":-1}}', 'it is not a position file of this version'],
  ])('refuses a damaged file and leaves it alone: %s', async (text, reason) => {
    await writeFile(path, text);
    await expect(loaded()).rejects.toMatchObject({
      code: 'OUTPUT_CURSORS_UNREADABLE',
      message: `${path}: ${reason}; repair it, or move it away to begin every output at the oldest record of the journal`,
      exitCode: 2,
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
