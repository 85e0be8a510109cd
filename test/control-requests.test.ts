import { afterEach, describe, expect, it } from 'vitest';
import { TestSystem } from '../src/testing/test-system.js';
import { range } from './support/range.js';
import { eventsOf, indicesOf, upTo, plainNameOf, ask } from './support/stream-messages.js';

let system: TestSystem;
afterEach(() => system.close());

const start = async (config: Record<string, Record<string, unknown>> = {}): Promise<void> => {
  system = await TestSystem.start({ logs: [{ name: 'log', initialEntries: 10 }], config });
};

const log = () => system.simulator.logs[0];

function grow(entries: number): void {
  log().append(entries);
  log().publish();
}

describe('requests over the WebSocket', () => {
  it('replace, extend and shrink the filter', async () => {
    await start();
    const everything = await system.connect('/');
    grow(50);
    await upTo(everything, 60);
    const [a, b] = [everything.updates()[10], everything.updates()[20]].map(plainNameOf);
    const reader = await system.connect('/');
    const subscribed = await ask(reader, { op: 'subscribe', filter: { domain: [`*.${a}.`] } });
    expect(subscribed).toMatchObject({
      message_type: 'subscribed',
      data: { filter: { domain: [a] }, unique: false, paused: false, cursor: expect.any(String) as string },
    });
    expect((await ask(reader, { op: 'add', filter: { domain: b } })).data['filter']).toEqual({
      domain: [a, b].sort(),
    });
    expect((await ask(reader, { op: 'remove', filter: { domain: a } })).data['filter']).toEqual({
      domain: [b],
    });
    expect((await ask(reader, { op: 'subscribe' })).data['filter']).toBeNull();
    grow(1);
    await upTo(reader, 61);
    expect(indicesOf(reader)).toEqual([60]);
  });

  it('pause and resume without a loss', async () => {
    await start();
    const [witness, reader] = [await system.connect('/'), await system.connect('/?events=1')];
    grow(5);
    await upTo(reader, 15);
    expect((await ask(reader, { op: 'pause' })).data['paused']).toBe(true);
    grow(30);
    await upTo(witness, 45);
    const { data } = await ask(reader, { op: 'status' });
    expect(data).toMatchObject({
      paused: true,
      sent: 5,
      skipped: 0,
      format: 'go',
      stream: 'lite',
      slow: 'drop',
    });
    expect(indicesOf(reader)).toEqual(range(10, 15));
    await ask(reader, { op: 'resume' });
    grow(1);
    await upTo(reader, 46);
    expect(indicesOf(reader)).toEqual(range(10, 46));
    expect(eventsOf(reader, 'live')).toHaveLength(1);
  });

  it.each([
    [{ op: 'subscribe', filter: { domain: ['a.com', ''] } }, 'FILTER_EMPTY_TERM'],
    [{ op: 'subscribe', filter: { domains: ['a.com'] } }, 'FILTER_UNKNOWN_FIELD'],
    [{ op: 'subscribe', filter: 7 }, 'FILTER_VALUE'],
    [{ op: 'subscribe', unique: 'yes' }, 'CONTROL_VALUE'],
    [{ op: 'unsubscribe' }, 'CONTROL_OPERATION'],
  ])('%j are answered with an error, and the filter stays', async (request, code) => {
    await start();
    const reader = await system.connect('/?domain=example.com');
    expect((await ask(reader, request)).data).toMatchObject({ code });
    expect((await ask(reader, { op: 'status' })).data['filter']).toEqual({ domain: ['example.com'] });
  });

  it('other messages get no answer', async () => {
    await start();
    const reader = await system.connect('/');
    for (const text of ['ping', '{}', '[]', '{"op":7}', '{"op":"status"', '"op"', 'null'])
      reader.socket.send(text);
    reader.socket.send(Buffer.from('{"op":"status"}'), { binary: true });
    await ask(reader, { op: 'status' });
    expect(reader.frames).toHaveLength(1);
  });

  it('more than ten per second on average are refused', async () => {
    await start();
    const reader = await system.connect('/');
    for (let i = 0; i < 150; i++) reader.socket.send('{"op":"status"}');
    await reader.until(() => eventsOf(reader, 'error').length > 0, 'an error');
    expect(eventsOf(reader, 'error')[0].data['code']).toMatch(/^CONTROL_(RATE|BUSY)$/);
  });

  it('a large filter of a client with events does not delay the others', async () => {
    await start();
    const [witness, reader] = [await system.connect('/'), await system.connect('/?events=1')];
    const domain = Array.from({ length: 40_000 }, (_, i) => `name-${i}.example`);
    const answer = ask(reader, { op: 'subscribe', filter: { domain } });
    grow(20);
    await upTo(witness, 30);
    expect((await answer).data['filter']).toHaveProperty('domain.length', 40_000);
  });
});
