import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ClusterError } from '../../cluster/cluster-error.js';
import { MemoryRecords } from '../../cluster/testing/cluster-harness.js';
import type { SharedJournal } from '../../feed/journal/entry-journal.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { SharedStates } from './shared-states.js';
import { StateSavers } from './state-savers.js';

const [STUCK, FINE] = ['stuck.example', 'fine.example'];

/** The savers of a member of a cluster with two logs, at their entries 5. `stored` is what the journal says about a log. */
async function memberWith(stored: SharedJournal['stored']) {
  const records = new MemoryRecords();
  const lines: string[] = [];
  const shared = new SharedStates(records, { onFenced: () => undefined, onDamaged: () => undefined });
  const none = () => Promise.reject(new ClusterError('CLUSTER_UNAVAILABLE', 'none'));
  const savers = new StateSavers({
    storage: shared,
    path: 'the records',
    journal: {
      durable: () => Promise.reject(new Error('not asked')),
      shared: { stored, ready: () => undefined, placeOf: () => undefined, newestPlace: none },
    },
    states: (key) => new Map([[key!, { next: 5, asOf: 0, gaps: [] }]]),
    problems: new ProblemLog({ log: () => undefined, warn: (line) => lines.push(line) }),
  });
  for (const key of [STUCK, FINE]) {
    await shared.take(key);
    savers.changed(key);
  }
  const saved = async (): Promise<string[]> => [...(await shared.readAll()).keys()];
  return { savers, saved, lines };
}

describe(StateSavers.name, () => {
  it('save a log although another one is never stored', async () => {
    const { savers, saved } = await memberWith((key) =>
      key === STUCK ? new Promise(() => undefined) : Promise.resolve(true),
    );
    void savers.save();
    await savers.save([FINE]);
    expect(await saved()).toEqual([FINE]);
    expect(savers.stats).toMatchObject({ saves: 1, failedSaves: 0 });
    savers.changed(FINE);
    await savers.save([FINE]);
    expect(savers.stats.saves).toBe(2);
  });

  it('show since when a change waits, and report after a minute that it does', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let settle = (): void => undefined;
    const stuck = new Promise<boolean>((resolve) => (settle = () => resolve(true)));
    const { savers, lines } = await memberWith((key) => (key === STUCK ? stuck : Promise.resolve(true)));
    vi.setSystemTime(1_002_000);
    const saving = savers.save();
    await savers.save([FINE]);
    vi.setSystemTime(1_030_000);
    savers.changed(FINE);
    await savers.save([FINE]);
    expect(savers.stats).toMatchObject({ saves: 2, lastSaveAt: 1_000_000 });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(lines).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(lines).toEqual([
      `the position of ${STUCK} cannot be saved for 60 s: the journal or an output has not stored the newest entries yet`,
    ]);
    settle();
    await saving;
    expect(savers.stats).toMatchObject({ saves: 3, lastSaveAt: 1_090_000 });
  });

  it('do not save a state whose entries were given up', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    let isStored = false;
    const { savers, saved } = await memberWith((key) => Promise.resolve(key === FINE || isStored));
    vi.setSystemTime(1_002_000);
    await savers.save();
    expect(await saved()).toEqual([FINE]);
    expect(savers.failure).toBeUndefined();
    expect(savers.stats.lastSaveAt).toBe(1_002_000);
    isStored = true;
    await savers.save();
    expect((await saved()).sort()).toEqual([FINE, STUCK].sort());
  });

  it('handle what the journal says after the last save has given up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    let asked = 0;
    const { savers } = await memberWith((key) => {
      if (key === FINE) return Promise.resolve(true);
      return asked++ === 0 ? new Promise(() => undefined) : Promise.reject(new Error('the disk is gone'));
    });
    const last = savers.saveLast();
    // Another save is wanted meanwhile, which begins after the last one has given up.
    void savers.save();
    await vi.advanceTimersByTimeAsync(5000);
    await last;
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(2);
    expect(unhandled).not.toHaveBeenCalled();
    expect(savers.failure).toMatchObject({ code: 'CT_STATE_FILE_NOT_SETTLED' });
  });
});
