import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BufferedConnection } from '../../../test/support/buffered-connection.js';
import { fakeEntries } from '../../../test/support/fake-ct-log.js';
import { certificateFeed } from '../../../test/support/feed.js';
import { range } from '../../../test/support/range.js';
import { type AudienceSettings, ORDINARY, testAudience } from '../../../test/support/stream-clients.js';
import { EntryFilter } from '../../filter/entry-filter.js';
import { FilterError } from '../../filter/filter-error.js';
import { webSocketEncoding, webSocketFramer } from '../encoding/websocket-encoding.js';
import { UniqueWindow } from '../../unique/unique-window.js';
import { CursorBeat } from '../websocket/cursor-beat.js';
import { ClientSession } from './client-session.js';
import { LiveTail } from './live-tail.js';
import { ReplayTurns } from './replay-turns.js';
import { RecentBatches } from '../../feed/recent-batches.js';
import type { StreamOptions } from './stream-options.js';
import { Subscriber } from './subscriber.js';

const EVERYTHING = EntryFilter.of({ operator: ['op'] });
const NOTHING = EntryFilter.of({ operator: ['other'] });
/** It is not in force at once, because it has many terms. */
const LARGE = EntryFilter.of({ domain: range(1000, 2000).map((i) => `name-${i}.example`) });

function setUp(settings: AudienceSettings = {}) {
  const feed = certificateFeed();
  feed.renderer.framer = webSocketFramer;
  const { audience } = testAudience(settings);
  feed.batches$.subscribe((batch) => audience.deliver(batch));
  const source = {
    journal: feed.journal,
    batches: new RecentBatches(feed.renderer),
    tail: new LiveTail(feed.batches$),
    window: new UniqueWindow({ megabytes: 1, now: () => performance.now() }),
    turns: new ReplayTurns(),
  };
  const connect = (options: Partial<StreamOptions> = {}) => {
    const connection = new BufferedConnection(webSocketEncoding);
    const subscriber = new Subscriber(connection, 'peer', audience, { ...ORDINARY, ...options });
    const session = new ClientSession(subscriber, audience, source, (error) => expect.fail(String(error)));
    audience.enter(subscriber);
    onTestFinished(() => session.end());
    const texts = () => connection.texts();
    const indices = () =>
      texts().flatMap((text) => {
        const index = /"cert_index":(\d+)/.exec(text)?.[1];
        return index === undefined ? [] : [Number(index)];
      });
    return { connection, subscriber, session, texts, indices };
  };
  let next = 0;
  const grow = (count: number): void => {
    feed.publish(fakeEntries(next, count));
    next += count;
  };
  return { audience, source, connect, grow };
}

describe(ClientSession.name, () => {
  it('sends the messages that wait for a slow client before those of its replay', async () => {
    const { connect, grow } = setUp();
    const { connection, session, indices } = connect();
    session.start(undefined);
    connection.stall();
    for (let i = 0; i < 20; i++) grow(10);
    session.pause();
    grow(10);
    session.resume();
    await new Promise((resolve) => setTimeout(resolve, 0));
    grow(10);
    connection.drain();
    await vi.waitFor(() => expect(indices()).toHaveLength(220));
    expect(indices()).toEqual(range(0, 220));
  });

  it('ends a replay that waits for the connection when the client pauses', async () => {
    const { connect, grow, source } = setUp();
    const { connection, subscriber, session, indices } = connect();
    const released = vi.spyOn(source.tail, 'release');
    const waits = vi.spyOn(subscriber, 'whenDrained');
    grow(200);
    connection.stall();
    session.start({ seq: 1, index: 0 });
    const isWaiting = () => waits.mock.results.filter(({ value }) => value !== undefined).length;
    await vi.waitFor(() => expect(isWaiting()).toBe(1));
    session.pause();
    session.resume();
    await vi.waitFor(() => expect(isWaiting()).toBe(2));
    connection.drain();
    await vi.waitFor(() => expect(released).toHaveBeenCalledTimes(2));
    expect(indices()).toEqual(range(0, 200));
  });

  it('reads nothing more for a client whose connection is closing', async () => {
    const { connect, grow, source } = setUp();
    const { connection, session } = connect();
    const released = vi.spyOn(source.tail, 'release');
    for (let i = 0; i < 5; i++) grow(10);
    session.start({ seq: 1, index: 0 });
    const before = session.cursor;
    connection.close();
    await vi.waitFor(() => expect(released).toHaveBeenCalledOnce());
    expect(session.cursor).toBe(before);
  });

  it('begins with another filter that replaces one which is not in force yet', async () => {
    const { connect, grow } = setUp();
    const { session, indices } = connect({ filter: LARGE });
    session.start(undefined);
    await session.select(EVERYTHING, false);
    grow(2);
    expect(indices()).toEqual([0, 1]);
  });

  it('does not take the filter of another client away when its own could not be added', () => {
    const { audience, connect, grow } = setUp();
    const [refused, other] = [connect({ filter: EVERYTHING }), connect({ filter: EVERYTHING })];
    vi.spyOn(audience.filtered, 'hold').mockImplementationOnce(() => {
      throw new FilterError('FILTER_CAPACITY', 'too many');
    });
    expect(() => refused.session.start(undefined)).toThrow(FilterError);
    other.session.start(undefined);
    refused.session.end();
    grow(2);
    expect(other.indices()).toEqual([0, 1]);
  });

  it('applies a filter of a replaying client to the batch that was compared with the filter before', async () => {
    const { audience, connect, grow } = setUp();
    const { session, indices } = connect({ filter: NOTHING });
    void audience.filtered.hold(NOTHING);
    const alone = audience.filtered.alone(NOTHING);
    let compare = (): void => undefined;
    const compared = vi.spyOn(audience.filtered, 'alone').mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => (compare = resolve));
      return alone;
    });
    grow(5);
    session.start({ seq: 1, index: 0 });
    await vi.waitFor(() => expect(compared).toHaveBeenCalled());
    await session.select(EVERYTHING, false);
    compare();
    grow(1);
    await vi.waitFor(() => expect(indices()).toHaveLength(6));
  });

  it('counts certificates of a record as sent only if it replays the whole record without a loss', async () => {
    const { connect, grow } = setUp();
    const { subscriber, session, indices } = connect({ unique: true });
    vi.spyOn(subscriber, 'sendReplayed').mockImplementationOnce((...message) => {
      subscriber.sendReplayed(...message);
      subscriber.selection.noteLoss();
    });
    grow(100);
    session.start({ seq: 1, index: 0 });
    await vi.waitFor(() => expect(indices()).toHaveLength(100));
    expect(subscriber.selection.since).toBe(2);
  });

  it('has no cursor while messages before it wait for the client', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { connect, grow } = setUp({ maxBatchDelayMs: 60_000 });
    const { connection, session, texts } = connect({ events: true, hasCursors: true });
    const beat = new CursorBeat();
    onTestFinished(() => beat.remove(session));
    session.start(undefined);
    beat.add(session);
    connection.stall();
    grow(100);
    grow(10);
    vi.advanceTimersByTime(1000);
    expect(session.cursor).toBeUndefined();
    connection.drain();
    vi.advanceTimersByTime(1000);
    const cursors = texts().flatMap((text, i) => (text.includes('"message_type":"cursor"') ? [i] : []));
    expect(cursors).toEqual([110]);
  });
});
