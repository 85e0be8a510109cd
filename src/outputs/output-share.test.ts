import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cluster } from '../cluster/cluster.js';
import type { LeaseHandler } from '../cluster/leases.js';
import { MemoryRecords } from '../cluster/testing/cluster-harness.js';
import type { EntryJournal, JournalPlace } from '../feed/journal/entry-journal.js';
import { OutputShare } from './output-share.js';

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe(OutputShare.name, () => {
  let records: MemoryRecords;
  let journal: { epoch: string; oldest: number; newest: number };
  /** What the servers have, if it is not what this member has read. */
  let stream: JournalPlace | undefined;
  let handler: LeaseHandler;
  let share: OutputShare;
  /** Where the runs of the output began, or what went wrong. */
  let runs: unknown[];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    records = new MemoryRecords();
    runs = [];
    const newestPlace = () => Promise.resolve(stream ?? { epoch: journal.epoch, seq: journal.newest });
    stream = undefined;
    journal = Object.assign({ epoch: 'one', oldest: 1, newest: 100 }, { shared: { newestPlace } });
    const cluster = {
      records: () => records,
      leases: (_group: string, given: LeaseHandler) => {
        handler = given;
        return { want: () => undefined };
      },
    } as unknown as Cluster;
    share = new OutputShare(cluster, journal as unknown as EntryJournal, {
      run: (_name, { after }) => runs.push(after),
      stop: () => Promise.resolve(),
      failed: (_name, error) => runs.push((error as { readonly code: string }).code),
    });
    share.want(['soc']);
  });
  afterEach(() => void vi.useRealTimers());

  /** Saves a position as the member that runs the output. */
  const saved = (seq: number, epoch = 'one'): void =>
    records.overwrite('soc', Buffer.from(JSON.stringify({ version: 1, epoch, seq })));
  /** The journal loses its newest records, and others take their numbers. */
  const lose = (last: number, newest: number): void => {
    journal.newest = last;
    share.restart();
    journal.newest = newest;
  };

  it('skips no records after a loss of the journal, when it takes an output of another member', async () => {
    saved(80);
    lose(60, 95);
    handler.acquired('soc');
    await settled();
    expect(runs).toEqual([60]);
    handler.lost('soc');
    await settled();
    saved(90);
    handler.acquired('soc');
    await settled();
    expect(runs).toEqual([60, 90]);
  });

  it('remembers the earliest of several losses, and after a minute none', async () => {
    saved(90);
    lose(60, 95);
    lose(80, 95);
    handler.acquired('soc');
    await settled();
    handler.lost('soc');
    await settled();
    lose(70, 95);
    await vi.advanceTimersByTimeAsync(61_000);
    handler.acquired('soc');
    await settled();
    expect(runs).toEqual([60, 90]);
  });

  it('does not repeat records when another journal takes the place while it waits for that', async () => {
    saved(3, 'two');
    stream = { epoch: 'two', seq: 3 };
    handler.acquired('soc');
    await settled();
    expect(runs).toEqual(['JOURNAL_REPLACED']);
    Object.assign(journal, { epoch: 'two', newest: 0 });
    share.restart();
    journal.newest = 5;
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toEqual(['JOURNAL_REPLACED', 3]);
  });
});
