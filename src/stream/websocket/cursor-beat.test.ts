import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ReplaySystem, type TestSession, turns } from '../../../test/support/replay-harness.js';
import { CursorBeat } from './cursor-beat.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const EVENTS = { events: true } as const;

/** Returns the number of messages that the cursors of a client say were left out. */
function leftOutOf({ connection }: TestSession): number {
  return connection
    .texts()
    .map((text) => (JSON.parse(text) as { data: { left_out?: number } }).data.left_out ?? 0)
    .reduce((sum, each) => sum + each, 0);
}

describe(CursorBeat.name, () => {
  it('sends a cursor once per second while messages flow, and every ten seconds otherwise', () => {
    const system = new ReplaySystem();
    const client = system.join(undefined, EVENTS);
    const beat = new CursorBeat();
    beat.add(client.session);
    system.publish(2);
    vi.advanceTimersByTime(1000);
    expect(client.messages).toEqual([0, 1, 'cursor']);
    vi.advanceTimersByTime(30_000);
    expect(client.messages).toHaveLength(3);
    system.publish(1);
    vi.advanceTimersByTime(1000);
    expect(client.messages.slice(3)).toEqual([2, 'cursor']);
    beat.remove(client.session);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['live', 'replayed'])('counts the %s messages that a sample left out', async (way) => {
    const system = new ReplaySystem();
    system.publish(1);
    const client = system.join(way === 'live' ? undefined : { seq: 1, index: 0 }, {
      ...EVENTS,
      sample: 2,
    });
    const beat = new CursorBeat();
    beat.add(client.session);
    system.publish(500);
    await turns(200);
    vi.advanceTimersByTime(1000);
    const leftOut = () => leftOutOf(client);
    const published = way === 'live' ? 500 : 501;
    expect(client.messages.at(-1)).toBe('cursor');
    expect(client.indices.length).toBeGreaterThanOrEqual(4);
    expect(client.indices.length + leftOut()).toBe(published);
    expect(client.indices).toEqual([...new Set(client.indices)].sort((a, b) => a - b));

    // Messages are left out also when none is sent.
    client.session.subscriber.selection.sample!.choose(Array.from({ length: 100_000 }));
    const before = leftOut();
    const sent = client.indices.length;
    system.publish(200);
    vi.advanceTimersByTime(1000);
    expect(client.indices.length - sent + leftOut() - before).toBeGreaterThanOrEqual(200 + 100_000 - 100);
    beat.remove(client.session);
  });

  it('does not count what a sample left out of an earlier selection', async () => {
    const system = new ReplaySystem();
    const client = system.join(undefined, { ...EVENTS, sample: 1 });
    const beat = new CursorBeat();
    beat.add(client.session);
    system.publish(100);
    await client.session.select(undefined, true);
    vi.advanceTimersByTime(1000);
    expect(client.messages).toEqual([expect.any(Number), expect.any(Number), 'cursor']);
    expect(leftOutOf(client)).toBe(0);
    beat.remove(client.session);
  });

  it('sends no cursor after messages that still wait at the end of the tick', () => {
    const system = new ReplaySystem(2 ** 24, 10_000);
    const client = system.join(undefined, EVENTS);
    const beat = new CursorBeat();
    beat.add(client.session);
    system.publish(1);
    client.connection.stall();
    client.session.flush();
    system.publish(50);
    client.session.flush();
    system.publish(50);
    expect(client.session.subscriber.backlog).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(client.session.subscriber.backlog).toBeGreaterThan(0);
    expect(client.messages).not.toContain('cursor');
    client.connection.drain();
    vi.advanceTimersByTime(1000);
    expect(client.messages.at(-1)).toBe('cursor');
    expect(client.indices).toHaveLength(101);
    beat.remove(client.session);
  });
});
