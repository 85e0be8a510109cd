import { describe, expect, it, vi } from 'vitest';
import { ConnectedClients, framesOf, testAudience } from '../../test/support/stream-clients.js';
import type { DialectName } from '../certificate/dialects/dialect.js';
import type { StreamKind } from '../certificate/rendered-texts.js';
import { StreamAudience } from './stream-audience.js';

const texts = { go: framesOf(['{"go":1}']), calidog: framesOf(['{"calidog":1}']) };

describe(StreamAudience.name, () => {
  it('asks only for the dialects that somebody listens to', async () => {
    const { audience } = testAudience();
    const clients = await ConnectedClients.listen(audience);
    const framesIn = vi.fn((_kind: StreamKind, dialect: DialectName) => texts[dialect]);
    const batch = { source: { url: 'https://log.example' }, firstIndex: 0, texts: framesIn };
    audience.deliver(batch);
    expect(framesIn).not.toHaveBeenCalled();

    const original = await clients.connect({ dialect: 'calidog' });
    audience.deliver(batch);
    expect(framesIn.mock.calls).toEqual([['lite', 'calidog']]);
    const modern = await clients.connect({ dialect: 'go' });
    audience.leave(original.client);
    audience.deliver(batch);
    expect(framesIn.mock.calls.slice(1)).toEqual([['lite', 'go']]);
    await Promise.all([original, modern].map(({ peer }) => peer.until(({ frames }) => frames.length > 0)));
    expect(original.peer.frames).toEqual(['{"calidog":1}']);
    expect(modern.peer.frames).toEqual(['{"go":1}']);
    expect(audience.clients.size).toBe(1);
    expect(audience.stats).toMatchObject({ connections: 2, messages: 2 });
  });

  it('compresses what the dialects share once, and gives it to those who want it', async () => {
    const { audience } = testAudience();
    const clients = await ConnectedClients.listen(audience, true);
    const { client: go, peer } = await clients.connect();
    const { client: calidog, peer: other } = await clients.connect({ dialect: 'calidog' });
    const { client: plain, peer: third } = await clients.connect({}, { perMessageDeflate: false });
    expect([go, calidog, plain].map(({ compressed }) => compressed)).toEqual([true, true, false]);
    const sent = [go, calidog, plain].map(({ socket }) => vi.spyOn(socket, 'write'));
    const shared = framesOf([`{"data":[${'"example.com",'.repeat(50)}""]}`]);
    audience.deliver({ source: { url: 'https://log.example' }, firstIndex: 0, texts: () => shared });
    await Promise.all([peer, other, third].map((reader) => reader.until(({ frames }) => frames.length > 0)));
    for (const { frames } of [peer, other]) expect(frames).toEqual(third.frames);
    const [a, b, c] = sent.map((write) => write.mock.calls[0][0] as Buffer);
    expect(a.buffer).toBe(b.buffer);
    expect(c.buffer).toBe(shared.buffer.buffer);
    expect(a.length).toBeLessThan(c.length / 2);
  });
});
