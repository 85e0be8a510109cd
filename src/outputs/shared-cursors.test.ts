import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryRecords } from '../cluster/testing/cluster-harness.js';
import { SharedCursors } from './shared-cursors.js';

const JOURNAL = { epoch: 'e', oldest: 3, newest: 20 };

describe(SharedCursors, () => {
  let records: MemoryRecords;
  const member = (): SharedCursors => new SharedCursors(records, JOURNAL, () => undefined);
  const write = (text: string): void => records.overwrite('lake', Buffer.from(text));
  const written = async (): Promise<string> => Buffer.from((await records.get('lake')).value!).toString();
  beforeEach(() => void (records = new MemoryRecords()));

  it('writes a position in format 1, and reads it', async () => {
    const first = member();
    expect(await first.take('lake')).toEqual({ after: 20 });
    first.set('lake', 12);
    await first.save();
    expect(await written()).toBe('{"version":1,"epoch":"e","seq":12}');
    expect(await member().take('lake')).toEqual({ after: 12 });
  });

  it('reads a position with keys that a later version adds', async () => {
    write('{"version":1,"epoch":"e","seq":7,"index":3}');
    expect(await member().take('lake')).toEqual({ after: 7 });
  });

  it('leaves a position of a later format alone, so that the output neither skips nor repeats entries', async () => {
    write('{"version":2,"place":[7,3]}');
    const older = member();
    await expect(older.take('lake')).rejects.toMatchObject({
      code: 'OUTPUT_POSITION_NEWER',
      message: 'a member of a later version wrote its position, in format 2; update this member',
    });
    older.set('lake', 9);
    await older.save();
    expect(await written()).toBe('{"version":2,"place":[7,3]}');
  });

  it.each(['', '[]', 'null', '{"version":1}', '{"version":0,"epoch":"e","seq":7}'])(
    'begins at the oldest record if the position is damaged: %s',
    async (text) => {
      write(text);
      expect(await member().take('lake')).toEqual({ after: 2, reason: 'its position is damaged' });
    },
  );
});
