import { afterEach, describe, expect, it, vi } from 'vitest';
import { range } from '../../../test/support/range.js';
import { ReplaySystem, turns } from '../../../test/support/replay-harness.js';
import { EntryFilter } from '../../filter/entry-filter.js';
import { Replay } from './replay.js';

const START = { seq: 1, index: 0 };
const filterOf = (log: string): EntryFilter => EntryFilter.of({ log: [log] });

/** Whether a batch is kept for replays. */
const isTailHeld = ({ source, journal }: ReplaySystem): boolean =>
  source.tail.from(journal.newest) !== undefined;

afterEach(() => vi.useRealTimers());

describe(Replay.name, () => {
  it('replays from the middle of a record and continues with the live stream', async () => {
    const system = new ReplaySystem();
    for (let i = 0; i < 5; i++) system.publish(100);
    const client = system.join({ seq: 1, index: 30 }, { events: true });
    await turns(3);
    system.publish(10);
    await turns();
    system.publish(1);
    expect(client.messages).toEqual([...range(30, 510), 'live', 510]);
  });

  it('gets entries that are published while the journal cannot be read, once and in order', async () => {
    const system = new ReplaySystem();
    system.publish(3);
    system.journal.hold();
    const client = system.join(START);
    await turns(5);
    system.publish(3);
    await turns(5);
    expect(client.indices).toEqual([]);
    system.journal.continue();
    system.publish(3);
    await turns();
    system.publish(1);
    expect(client.indices).toEqual(range(0, 10));
    expect(system.journal.readers).toBe(0);
  });

  it('reports records that the journal dropped under the reader, and sends only entries after them', async () => {
    const system = new ReplaySystem(2000);
    system.publish(4);
    system.journal.hold();
    const client = system.join(START, { events: true });
    await turns(5);
    for (let i = 0; i < 600; i++) system.publish(4);
    system.journal.continue();
    await turns(1000);
    const gap = client.messages.indexOf('gap expired');
    expect(client.messages.slice(0, gap)).toEqual(range(0, 4));
    const rest = client.indices.slice(4);
    expect(rest[0]).toBeGreaterThan(4);
    expect(rest).toEqual(range(rest[0], 2404));
    expect(client.messages.at(-1)).toBe('live');
  });

  it('with limit=N ends in the middle of a replay', async () => {
    const system = new ReplaySystem();
    system.publish(200);
    const client = system.join(START, { limit: 70 });
    await turns();
    expect(client.indices).toEqual(range(0, 70));
    expect(system.mocks.onEnd).toHaveBeenCalledOnce();
    expect([system.journal.readers, isTailHeld(system)]).toEqual([0, false]);
  });

  it('applies another filter from the place of the replay on', async () => {
    const system = new ReplaySystem();
    system.publish(300);
    const client = system.join(START);
    await turns(3);
    const before = client.indices.length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(300);
    const none = client.session.select(filterOf('other.example'), false);
    const all = client.session.select(filterOf('log.example'), false);
    await Promise.all([none, all]);
    await turns();
    system.publish(1);
    expect(client.indices).toEqual(range(0, 301));
    await client.session.select(filterOf('other.example'), false);
    system.publish(1);
    expect(client.indices).toHaveLength(301);
  });

  it('uses the newest filter when it changes while the index of an earlier one is made', async () => {
    const system = new ReplaySystem();
    system.publish(3);
    let isReady = (): void => undefined;
    const alone = system.audience.filtered.alone.bind(system.audience.filtered);
    const spy = vi.spyOn(system.audience.filtered, 'alone').mockImplementationOnce(async (filter) => {
      const index = alone(filter);
      await new Promise<void>((resolve) => (isReady = resolve));
      return index;
    });
    const client = system.join(START, { filter: filterOf('other.example') });
    await vi.waitFor(() => expect(spy).toHaveBeenCalledOnce());
    await client.session.select(undefined, false);
    isReady();
    await turns();
    expect(client.indices).toEqual(range(0, 3));
  });

  it('continues at the same place after a pause in a replay', async () => {
    const system = new ReplaySystem();
    system.publish(300);
    const client = system.join(START);
    await turns(3);
    client.session.pause();
    const before = client.indices.length;
    expect(before).toBeLessThan(300);
    await turns();
    system.publish(1);
    expect(client.indices).toHaveLength(before);
    expect([system.journal.readers, isTailHeld(system)]).toEqual([0, false]);
    client.session.resume();
    await turns();
    expect(client.indices).toEqual(range(0, 301));
  });

  it('keeps the order when a client pauses while messages wait for it', async () => {
    const system = new ReplaySystem();
    const client = system.join(undefined);
    client.connection.stall();
    system.publish(50);
    system.publish(50);
    expect(client.session.subscriber.backlog).toBeGreaterThan(0);
    client.session.pause();
    system.publish(50);
    client.session.resume();
    await turns();
    client.connection.drain();
    await turns();
    expect(client.indices).toEqual(range(0, 150));
  });

  it('gives no cursor while messages before it wait', async () => {
    const system = new ReplaySystem();
    const client = system.join(undefined);
    expect(client.session.cursor).toBeDefined();
    client.connection.stall();
    system.publish(50);
    system.publish(50);
    expect(client.session.cursor).toBeUndefined();
    client.connection.drain();
    expect(client.session.cursor).toContain('.3.0');
  });

  it('releases the journal after five seconds for a client that does not read, and continues', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const system = new ReplaySystem();
    for (let i = 0; i < 5; i++) system.publish(100);
    const client = system.join(START);
    client.connection.stall();
    await turns();
    expect(system.journal.readers).toBe(1);
    await vi.advanceTimersByTimeAsync(5000);
    await turns();
    expect(system.journal.readers).toBe(0);
    client.connection.drain();
    await turns();
    expect(client.indices).toEqual(range(0, 500));
  });

  it.each([
    ['the journal is read', (system: ReplaySystem) => system.journal.hold()],
    ['a turn is awaited', () => undefined],
    ['the connection is full', (_: ReplaySystem, stall: () => void) => stall()],
  ])('releases everything when it ends while %s', async (_, prepare) => {
    const system = new ReplaySystem();
    for (let i = 0; i < 5; i++) system.publish(100);
    const client = system.join(undefined);
    client.session.pause();
    prepare(system, () => client.connection.stall());
    system.publish(100);
    client.session.resume();
    await turns(4);
    client.session.end();
    client.connection.terminate();
    system.journal.continue();
    await turns();
    system.publish(1);
    expect([system.journal.readers, isTailHeld(system), client.onError.mock.calls]).toEqual([0, false, []]);
  });

  it('releases the tail when a pause follows while the connection is full', async () => {
    const system = new ReplaySystem();
    for (let i = 0; i < 5; i++) system.publish(100);
    const client = system.join(START);
    client.connection.stall();
    await turns();
    client.session.pause();
    client.session.resume();
    await turns();
    client.connection.drain();
    await turns();
    system.publish(1);
    expect(client.indices).toEqual(range(0, 501));
    expect(isTailHeld(system)).toBe(false);
  });
});
