import { describe, expect, it, vi } from 'vitest';
import { batchOf, ConnectedClients, testAudience } from '../../../test/support/stream-clients.js';
import { range } from '../../../test/support/range.js';
import { SubscriberGroup } from './subscriber-group.js';

const HOUR = 3_600_000;
const batch = (index: number) => batchOf([`${index}`], index);

describe(SubscriberGroup.name, () => {
  it('writes the first message of a quiet stream at once, and the following ones together and in order', async () => {
    const { audience } = testAudience({ maxBatchDelayMs: HOUR });
    const clients = await ConnectedClients.listen(audience);
    const readers = [await clients.connect(), await clients.connect()];
    const writes = readers.map(({ connection }) => vi.spyOn(connection.socket, 'write'));
    for (let i = 0; i < 10; i++) audience.deliver(batch(i));
    for (const write of writes) expect(write).toHaveBeenCalledTimes(1);
    await Promise.all(readers.map(({ peer }) => peer.until(({ frames }) => frames.length === 1)));
    audience.flush();
    for (const write of writes) expect(write).toHaveBeenCalledTimes(2);
    const [first, second] = writes.map((write) => write.mock.calls[1][0]);
    expect(first).toBe(second);
    await Promise.all(readers.map(({ peer }) => peer.until(({ frames }) => frames.length === 10)));
    for (const { peer } of readers) expect(peer.frames).toEqual(range(0, 10).map(String));
  });

  it('sends the gathered messages at the end of the tick', async () => {
    const { audience } = testAudience({ maxBatchDelayMs: 20 });
    const { peer } = await (await ConnectedClients.listen(audience)).connect();
    for (let i = 0; i < 5; i++) audience.deliver(batch(i));
    await peer.until(({ frames }) => frames.length === 5);
    expect(peer.frames).toEqual(range(0, 5).map(String));
  });

  it('gathers nothing with a tick of 0', async () => {
    const { audience } = testAudience({ maxBatchDelayMs: 0 });
    const { connection } = await (await ConnectedClients.listen(audience)).connect();
    const write = vi.spyOn(connection.socket, 'write');
    for (let i = 0; i < 5; i++) audience.deliver(batch(i));
    expect(write).toHaveBeenCalledTimes(5);
  });

  it('does not send a client messages that were published before it joined', async () => {
    const { audience } = testAudience({ maxBatchDelayMs: HOUR });
    const clients = await ConnectedClients.listen(audience);
    const early = await clients.connect();
    for (let i = 0; i < 3; i++) audience.deliver(batch(i));
    const late = await clients.connect();
    audience.deliver(batch(3));
    audience.flush();
    await late.peer.until(({ frames }) => frames.length > 0);
    await early.peer.until(({ frames }) => frames.length === 4);
    expect(late.peer.frames).toEqual(['3']);
  });
});
