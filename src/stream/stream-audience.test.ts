import { expect, it, vi } from 'vitest';
import type { DialectName } from '../certificate/dialects/dialect.js';
import type { TextFrames } from './compressed-frames.js';
import type { FrameBatch } from './frame-batch.js';
import { StreamAudience } from './stream-audience.js';
import type { StreamClient } from './stream-client.js';

function frames(text: string): TextFrames {
  const buffer = Buffer.from(`\x81${String.fromCharCode(text.length)}${text}`, 'latin1');
  return {
    buffer,
    count: 1,
    frameStart: Uint32Array.of(0, buffer.length),
    textStart: Uint32Array.of(2),
  };
}

function client(compressed = false) {
  const received: FrameBatch[] = [];
  const send = (batch: FrameBatch) => received.push(batch);
  const stats = { messages: 0, bytes: 0, dropped: 0 };
  return { received, client: { compressed, stats, send } as unknown as StreamClient };
}

it('asks only for the dialects that somebody listens to', () => {
  const audience = new StreamAudience(() => undefined);
  const texts = { go: frames('{"go":1}'), calidog: frames('{"calidog":1}') };
  const framesIn = vi.fn((dialect: DialectName) => texts[dialect]);
  audience.deliver(framesIn);
  expect(framesIn).not.toHaveBeenCalled();

  const original = client();
  audience.join(original.client, 'calidog');
  audience.deliver(framesIn);
  expect(framesIn.mock.calls).toEqual([['calidog']]);

  const modern = client();
  audience.join(modern.client, 'go');
  audience.leave(original.client);
  audience.deliver(framesIn);
  expect(framesIn.mock.calls.slice(1)).toEqual([['go']]);
  expect(original.received).toEqual([texts.calidog]);
  expect(modern.received).toEqual([texts.go]);
  expect(audience.clients.size).toBe(1);
  expect(audience.stats).toMatchObject({ connections: 2 });
});

it('compresses what the dialects share once', () => {
  const audience = new StreamAudience(() => undefined);
  const [go, calidog, plain] = [client(true), client(true), client()];
  audience.join(go.client, 'go');
  audience.join(calidog.client, 'calidog');
  audience.join(plain.client, 'calidog');
  const shared = frames('{"data":[]}');
  audience.deliver(() => shared);
  expect(plain.received[0]).toBe(shared);
  expect(go.received[0]).not.toBe(shared);
  expect(calidog.received[0]).toBe(go.received[0]);
});
