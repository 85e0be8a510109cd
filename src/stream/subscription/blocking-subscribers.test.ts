import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { batchOf, ConnectedClients, testAudience } from '../../../test/support/stream-clients.js';
import { range } from '../../../test/support/range.js';
import { BlockingSubscribers } from './blocking-subscribers.js';
import type { StreamAudience } from './stream-audience.js';

const PADDING = 'x'.repeat(64 * 1024);
/** A number of 64 KB messages that exceeds the buffers of two loopback sockets. */
const FLOOD = 400;

/** Publishes messages that begin with their index until `untilDropped` messages were dropped. @returns the next index. */
function flood(audience: StreamAudience, first: number, untilDropped: number): number {
  let index = first;
  for (; audience.stats.dropped < untilDropped && index < first + FLOOD; index++)
    audience.deliver(batchOf([`${index} ${PADDING}`], index));
  expect(audience.stats.dropped).toBeGreaterThanOrEqual(untilDropped);
  return index;
}

describe(BlockingSubscribers.name, () => {
  it('makes publishers wait for a client that chose to block, which misses nothing', async () => {
    const { audience, pressure } = testAudience({ messages: 20, maxBatchDelayMs: 1000 });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect({ slow: 'block' });
    peer.socket.pause();
    let index = 0;
    while (pressure.ready() === undefined) audience.deliver(batchOf([`${index} ${PADDING}`], index++));
    const waiting = pressure.ready();
    expect(client.backlog).toBeLessThanOrEqual(20);
    peer.socket.resume();
    await waiting;
    await peer.until(({ frames }) => frames.length === index);
    expect(peer.frames.map((text) => Number.parseInt(text, 10))).toEqual(range(0, index));
    expect(client.stats.dropped).toBe(0);
  });

  it('makes publishers wait for a limited time, once', async () => {
    const { audience, pressure, onTimeout } = testAudience({ messages: 20, maxBlockMs: 20 });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect({ slow: 'block' });
    peer.socket.pause();
    let index = 0;
    while (pressure.ready() === undefined) audience.deliver(batchOf([`${index} ${PADDING}`], index++));
    await pressure.ready();
    expect(onTimeout).toHaveBeenCalledExactlyOnceWith(client);
    flood(audience, index, 30);
    expect(pressure.ready()).toBeUndefined();
  });

  it('does not make publishers wait again when the client reconnects after its time is used up', async () => {
    const { audience, pressure, onTimeout } = testAudience({ messages: 20, maxBlockMs: 20_000 });
    const clients = await ConnectedClients.listen(audience);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const first = await clients.connect({ slow: 'block' });
    first.peer.socket.pause();
    while (pressure.ready() === undefined) audience.deliver(batchOf([PADDING]));
    vi.advanceTimersByTime(20_000);
    expect(onTimeout).toHaveBeenCalledExactlyOnceWith(first.client);
    first.peer.socket.terminate();
    await once(first.connection.webSocket, 'close');

    const second = await clients.connect({ slow: 'block' });
    second.peer.socket.pause();
    flood(audience, 0, audience.stats.dropped + 30);
    expect(pressure.ready()).toBeUndefined();
    second.peer.socket.terminate();
    vi.advanceTimersByTime(200_000);
    const third = await clients.connect({ slow: 'block' });
    third.peer.socket.pause();
    for (let i = 0; i < FLOOD && pressure.ready() === undefined; i++) audience.deliver(batchOf([PADDING]));
    expect(pressure.ready()).toBeDefined();
    expect(third.client.stats.dropped).toBe(0);
  });

  it('makes publishers continue when the client leaves', async () => {
    const { audience, pressure } = testAudience({ messages: 20 });
    const { peer } = await (await ConnectedClients.listen(audience)).connect({ slow: 'block' });
    peer.socket.pause();
    while (pressure.ready() === undefined) audience.deliver(batchOf([PADDING]));
    const waiting = pressure.ready();
    peer.socket.terminate();
    await waiting;
  });
});
