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
});
