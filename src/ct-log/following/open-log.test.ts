import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { memoryJournal } from '../../../test/support/feed.js';
import type { Cluster } from '../../cluster/cluster.js';
import { MemoryRecords } from '../../cluster/testing/cluster-harness.js';
import { generalSection } from '../../config/sections/general.js';
import type { JournaledEntries, JournalPlace, SharedJournal } from '../../feed/journal/entry-journal.js';
import type { CtLog } from '../client/ct-log.js';
import { LogStateStore } from '../state/log-state-store.js';
import { type LogStart, openLog } from './open-log.js';

const LOG: CtLog = {
  source: { name: 'log', url: 'https://log.example', operator: 'Op', type: 'rfc6962' },
  configured: false,
};
const HEAD = { treeSize: 100, timestamp: 0, rootHash: Buffer.alloc(32), signed: Buffer.alloc(0) };

/** The records of a cluster, and the stream as far as the openings of the log see it. */
class TestCluster {
  readonly records = new MemoryRecords();
  held: JournaledEntries | undefined;
  place: JournalPlace | undefined;
  /** The places from which exceptions were asked for. */
  readonly asked: (JournalPlace | undefined)[] = [];

  /** Takes and opens the log as another member does. */
  async open(recovery: object = {}): Promise<{ states: LogStateStore; start: LogStart | undefined }> {
    const shared: SharedJournal = {
      placeOf: () => this.place,
      stored: () => Promise.resolve(true),
      ready: () => undefined,
      newestPlace: () => Promise.reject(new Error('not asked')),
    };
    const cluster = { records: () => this.records } as unknown as Cluster;
    const { recovery: settings } = generalSection.parse({ recovery });
    const states = new LogStateStore(
      { recovery: settings } as never,
      { durable: () => Promise.resolve(), shared },
      cluster,
    );
    await states.take(LOG);
    const journal = {
      open: (_log: unknown, _next: unknown, known?: JournalPlace) => {
        this.asked.push(known);
        return Promise.resolve(this.held);
      },
    };
    const problems = { report: () => undefined, resolved: () => undefined };
    const start = await openLog({ journal, states, problems }, LOG, {
      ownership: undefined,
      isNew: false,
      isWanted: () => true,
    });
    return { states, start };
  }
}

describe(openLog.name, () => {
  it('knows in the next member what the one before left out and streamed late after its last save', async () => {
    const cluster = new TestCluster();
    const { states: first } = await cluster.open();
    cluster.place = { epoch: 'e', seq: 7 };
    first.update(LOG, { next: 20 });
    first.gaps(LOG).add({ from: 10, to: 14, reason: 'refused' });
    await first.save();
    cluster.held = {
      end: 60,
      exceptions: [
        { kind: 'late', from: 10, to: 13 },
        { kind: 'unavailable', from: 40, to: 50 },
      ],
    };
    const { states: second, start } = await cluster.open();
    expect(cluster.asked).toEqual([undefined, { epoch: 'e', seq: 7 }]);
    expect(start).toMatchObject({ state: { next: 20 }, held: 60 });
    expect(second.gaps(LOG).all()).toMatchObject([
      { from: 13, to: 14, reason: 'refused' },
      { from: 40, to: 50 },
    ]);
    await second.save();
    cluster.held = { end: 60, exceptions: [] };
    const { states: third } = await cluster.open();
    expect(third.gaps(LOG).all()).toHaveLength(2);
  });

  it('saves no later place in the journal before the exceptions up to it are known', async () => {
    const cluster = new TestCluster();
    cluster.place = { epoch: 'e', seq: 7 };
    const { states: first } = await cluster.open();
    first.update(LOG, { next: 20 });
    await first.save();
    const second = new LogStateStore(
      { recovery: generalSection.parse({}).recovery } as never,
      {
        durable: () => Promise.resolve(),
        shared: {
          placeOf: () => ({ epoch: 'e', seq: 99 }),
          stored: () => Promise.resolve(true),
          ready: () => undefined,
          newestPlace: () => Promise.reject(new Error('not asked')),
        },
      },
      { records: () => cluster.records } as unknown as Cluster,
    );
    await second.take(LOG);
    await second.save();
    await cluster.open();
    expect(cluster.asked.at(-1)).toEqual({ epoch: 'e', seq: 7 });
  });

  it('continues at the end of a stream that has lost entries, and after a lost state', async () => {
    const cluster = new TestCluster();
    const { states } = await cluster.open();
    states.update(LOG, { next: 20 });
    await states.save();
    cluster.held = { end: 15, exceptions: [] };
    expect((await cluster.open()).start).toMatchObject({ state: { next: 15 }, held: 15 });
    cluster.records.clear();
    cluster.held = { end: 30, exceptions: [{ kind: 'unavailable', from: 3, to: 5 }] };
    const { states: later, start } = await cluster.open();
    expect(start).toMatchObject({ state: { next: 30 } });
    expect(later.gaps(LOG).all()).toMatchObject([{ from: 3, to: 5 }]);
  });

  it('begins a log at its head whose position is older than max_age, with the entries between as a gap', async () => {
    const cluster = new TestCluster();
    const { states } = await cluster.open();
    states.update(LOG, { next: 20 });
    await states.save();
    cluster.held = { end: 22, exceptions: [] };
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
    onTestFinished(() => void vi.useRealTimers());
    const { states: later, start } = await cluster.open({ max_age: '1h' });
    expect(start?.state.next).toBeUndefined();
    later.update(LOG, { next: 100, head: HEAD });
    expect(later.gaps(LOG).all()).toMatchObject([{ from: 20, to: 100, skipped: true }]);
  });

  it('keeps its position in a journal that no other process appends to', async () => {
    const settings = generalSection.parse({});
    const states = new LogStateStore({ recovery: settings.recovery } as never, memoryJournal());
    states.update(LOG, { next: 5 });
    const problems = { report: () => undefined, resolved: () => undefined };
    const options = { ownership: undefined, isNew: false, isWanted: () => true };
    const start = await openLog({ journal: memoryJournal(), states, problems }, LOG, options);
    expect(start).toMatchObject({ state: { next: 5 }, held: 0 });
  });
});
