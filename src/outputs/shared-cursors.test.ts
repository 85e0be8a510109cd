import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryRecords } from '../cluster/testing/cluster-harness.js';
import type { JournalPlace } from '../feed/journal/entry-journal.js';
import { SharedCursors } from './shared-cursors.js';

describe(SharedCursors.name, () => {
  let records: MemoryRecords;
  let fenced: string[];
  /** The stream as the servers have it. */
  let stream: JournalPlace;
  beforeEach(() => {
    records = new MemoryRecords();
    fenced = [];
    stream = { epoch: 'one', seq: 100 };
  });

  /** A member, and what it has read of the stream. */
  function member(): { cursors: SharedCursors; journal: { epoch: string; oldest: number; newest: number } } {
    const shared = {
      ready: () => undefined,
      newestPlace: () => Promise.resolve(stream),
      placeOf: () => undefined,
      stored: () => Promise.resolve(true),
    };
    const journal = { epoch: 'one', oldest: 1, newest: 100, shared };
    return { cursors: new SharedCursors(records, journal, (name) => void fenced.push(name)), journal };
  }

  /** Saves a position as a member that delivers up to it. */
  async function delivered(seq: number, epoch = 'one'): Promise<void> {
    const { cursors, journal } = member();
    Object.assign(journal, { epoch, newest: seq });
    stream = { epoch, seq };
    (await cursors.take('soc')).moved(seq);
    await cursors.save();
  }

  it('begins a new output after the newest record, and continues a known one', async () => {
    expect(await member().cursors.take('soc')).toMatchObject({ after: 100 });
    await delivered(40);
    expect(await member().cursors.take('soc')).toMatchObject({ after: 40 });
  });

  it('continues after records that this member has not read yet', async () => {
    await delivered(80);
    const { cursors, journal } = member();
    journal.newest = 30;
    expect((await cursors.take('soc')).after).toBe(80);
  });

  it('does not wait for records that the stream has lost', async () => {
    await delivered(80);
    stream = { epoch: 'one', seq: 60 };
    const { cursors, journal } = member();
    journal.newest = 60;
    expect((await cursors.take('soc')).after).toBe(60);
    // Others have the numbers of the lost records now.
    stream = { epoch: 'one', seq: 95 };
    journal.newest = 95;
    expect((await cursors.take('soc', 60)).after).toBe(60);
  });

  it('saves what was acknowledged of an earlier stream as a position in that one', async () => {
    const { cursors, journal } = member();
    const { moved } = await cursors.take('soc');
    // The stream is another one, and the output has not noticed that yet.
    Object.assign(journal, { epoch: 'two', newest: 5 });
    stream = { epoch: 'two', seq: 5 };
    moved(100);
    await cursors.save();
    const start = await cursors.take('soc');
    expect(start).toMatchObject({ after: 0, reason: 'the journal of its position no longer exists' });
  });

  it('does not let an earlier run move the position', async () => {
    const { cursors, journal } = member();
    const earlier = await cursors.take('soc');
    earlier.moved(90);
    await cursors.save();
    cursors.drop('soc');
    Object.assign(journal, { epoch: 'two', newest: 5 });
    stream = { epoch: 'two', seq: 5 };
    const { after, moved } = await cursors.take('soc');
    earlier.moved(100);
    await cursors.save();
    moved(after + 3);
    await cursors.save();
    earlier.moved(101);
    await cursors.save();
    const other = member();
    Object.assign(other.journal, { epoch: 'two', newest: 5 });
    expect((await other.cursors.take('soc')).after).toBe(3);
  });

  it('takes no output as long as this member reads an earlier stream than the position', async () => {
    await delivered(3, 'two');
    const { cursors, journal } = member();
    await expect(cursors.take('soc')).rejects.toMatchObject({ code: 'JOURNAL_REPLACED' });
    Object.assign(journal, { epoch: 'two', newest: 3 });
    expect((await cursors.take('soc')).after).toBe(3);
  });

  it('says that another member has written the position', async () => {
    await delivered(40);
    const [paused, owner] = [member().cursors, member().cursors];
    (await paused.take('soc')).moved(50);
    (await owner.take('soc')).moved(60);
    await owner.save();
    await paused.save();
    expect(fenced).toEqual(['soc']);
    expect((await member().cursors.take('soc')).after).toBe(60);
  });

  describe('format', () => {
    const reader = (): SharedCursors => member().cursors;
    const write = (text: string): void => records.overwrite('lake', Buffer.from(text));
    const written = async (): Promise<string> => Buffer.from((await records.get('lake')).value!).toString();

    it('writes a position in format 1, and reads it', async () => {
      const first = reader();
      const { after, moved } = await first.take('lake');
      expect(after).toBe(100);
      moved(12);
      await first.save();
      expect(await written()).toBe('{"version":1,"epoch":"one","seq":12}');
      expect(await reader().take('lake')).toMatchObject({ after: 12 });
    });

    it('reads a position with keys that a later version adds', async () => {
      write('{"version":1,"epoch":"one","seq":7,"index":3}');
      expect(await reader().take('lake')).toMatchObject({ after: 7 });
    });

    it('leaves a position of a later format alone, so that the output neither skips nor repeats entries', async () => {
      write('{"version":2,"place":[7,3]}');
      const older = reader();
      await expect(older.take('lake')).rejects.toMatchObject({
        code: 'OUTPUT_POSITION_NEWER',
        message: 'a member of a later version wrote its position, in format 2; update this member',
      });
      await older.save();
      expect(await written()).toBe('{"version":2,"place":[7,3]}');
    });

    it.each(['', '[]', 'null', '{"version":1}', '{"version":0,"epoch":"one","seq":7}'])(
      'begins at the oldest record if the position is damaged: %s',
      async (text) => {
        write(text);
        expect(await reader().take('lake')).toMatchObject({ after: 0, reason: 'its position is damaged' });
      },
    );
  });
});
