import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { filterFromJson } from '../../filter/filter-input.js';
import { FilterError } from '../../filter/filter-error.js';
import { ConnectedClients, testAudience } from '../../../test/support/stream-clients.js';
import { ClientSession } from './client-session.js';
import type { ReplaySource } from './replay.js';

const filter = filterFromJson({ domain: 'example.com' }, { terms: 10, expressions: 0, bytes: 1000 });

describe('a client that is refused or does not read', () => {
  it('does not release a filter that was refused, since another client may hold it by then', async () => {
    const { audience } = testAudience();
    const clients = await ConnectedClients.listen(audience);
    const { client } = await clients.connect();
    client.selection.filter = filter;
    const source = { window: { addClient: vi.fn(), removeClient: vi.fn() } } as unknown as ReplaySource;
    const session = new ClientSession(client, audience, source, vi.fn());
    vi.spyOn(audience.filtered, 'hold').mockImplementationOnce(() => {
      throw new FilterError('FILTER_CAPACITY', 'full');
    });
    expect(() => session.start(undefined)).toThrow(FilterError);
    await audience.filtered.hold(filter!);
    session.end();
    expect(audience.filtered.size).toBe(1);
  });

  it('two waits for a full connection end together', async () => {
    const clients = await ConnectedClients.listen(testAudience().audience);
    const { client, connection, peer } = await clients.connect();
    peer.socket.pause();
    while (!connection.isFull) {
      client.sendReplayed(Buffer.alloc(1_000_000), 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const waits = [client.whenDrained(), client.whenDrained()];
    expect(waits).not.toContain(undefined);
    peer.socket.terminate();
    await once(connection.webSocket, 'close');
    for (const wait of waits) await wait;
  });
});
