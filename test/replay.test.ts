import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';
import { range } from './support/range.js';

/** A message about the stream. */
interface EventMessage {
  readonly message_type: string;
  readonly data: Record<string, unknown>;
}

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

/** The messages of a reader, each parsed once. */
const parsed = new WeakMap<StreamReader, EventMessage[]>();

function messagesOf(reader: StreamReader): readonly EventMessage[] {
  const known = parsed.get(reader) ?? [];
  for (const frame of reader.frames.slice(known.length)) known.push(JSON.parse(frame) as EventMessage);
  parsed.set(reader, known);
  return known;
}

const eventsOf = (reader: StreamReader, type: string): EventMessage[] =>
  messagesOf(reader).filter(({ message_type: kind }) => kind === type);

/** @param end number of messages that count; all by default. */
const indicesOf = (reader: StreamReader, end = reader.frames.length): number[] =>
  messagesOf(reader)
    .slice(0, end)
    .filter(({ message_type: kind }) => kind === 'certificate_update')
    .map(({ data }) => data['cert_index'] as number);

const cursorOf = (reader: StreamReader, type = 'cursor'): string =>
  eventsOf(reader, type).at(-1)!.data['cursor'] as string;

/** Waits until a reader has the entry before `end`. */
const upTo = (reader: StreamReader, end: number): Promise<void> =>
  reader.until(() => indicesOf(reader).at(-1) === end - 1, `the entry ${end - 1}`);

/** Returns a name of an entry without wildcard. */
const plainNameOf = ({ data }: CertificateUpdate): string =>
  data.leaf_cert.all_domains[0].replace(/^\*\./, '').toLowerCase();

async function untilCursor(reader: StreamReader): Promise<string> {
  const before = eventsOf(reader, 'cursor').length;
  await reader.until(() => eventsOf(reader, 'cursor').length > before, 'a cursor');
  return cursorOf(reader);
}

/** Returns the answer to a request over the WebSocket. */
async function ask(reader: StreamReader, request: Record<string, unknown>): Promise<EventMessage> {
  const id = Math.random();
  reader.socket.send(JSON.stringify({ ...request, id }));
  const answers = (): EventMessage[] =>
    ['subscribed', 'status', 'error']
      .flatMap((type) => eventsOf(reader, type))
      .filter(({ data }) => data['id'] === id);
  await reader.until(() => answers().length > 0, 'an answer');
  return answers()[0];
}

describe.each(['memory', 'disk'])('replay from the journal (%s)', (store) => {
  it('continues after a cursor without a loss or a repetition while the log grows', async () => {
    const path = mkdtempSync(join(tmpdir(), 'certstream-journal-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    await start({ journal: { store, max_mb: 64, path } });
    const first = await system.connect('/?events=1');
    log().start({ entriesPerSecond: 200 });
    await first.until(() => indicesOf(first).length > 100);
    let since = await untilCursor(first);
    await first.close();
    let next = 10;
    for (let round = 0, reader = first; ; round++) {
      const at = reader.frames.findIndex((frame) => frame.includes(since));
      const got = indicesOf(reader, at);
      expect(got).toEqual(range(next, next + got.length));
      next += got.length;
      if (round === 5) break;
      reader = await system.connect(`/?events=1&since=${since}`);
      await reader.until(() => eventsOf(reader, 'live').length > 0, 'the live stream');
      await reader.until(() => indicesOf(reader).length > 60);
      since = await untilCursor(reader);
      await reader.close();
    }
  });
});

describe('replay', () => {
  it('by time begins with the oldest entries that are old enough, and says what is too old', async () => {
    await start();
    grow(20);
    const reader = await system.connect('/');
    grow(5);
    await reader.until(({ frames }) => frames.length > 0);
    const all = await system.connect('/?events=1&since=-1h');
    await all.until(() => eventsOf(all, 'live').length > 0, 'the live stream');
    expect(indicesOf(all)).toEqual(range(10, 35));
    expect(eventsOf(all, 'gap')).toMatchObject([{ data: { reason: 'expired' } }]);
    const none = await system.connect(`/?events=1&since=${Date.now() / 1000 + 60}`);
    grow(1);
    await upTo(none, 36);
    expect(indicesOf(none)).toEqual([35]);
  });

  it('with limit=N ends after N messages, older or live', async () => {
    await start();
    grow(20);
    const witness = await system.connect('/?since=-1h&limit=25');
    await witness.until(({ frames }) => frames.length === 20);
    const older = await system.connect('/?since=-1h&limit=7');
    expect((await older.closed).code).toBe(1000);
    expect(indicesOf(older)).toEqual(range(10, 17));
    grow(50);
    expect((await witness.closed).code).toBe(1000);
    expect(indicesOf(witness)).toEqual(range(10, 35));
  });

  it.each(['nonsense', 'AAAAAAAAAAAA.1.1.0', 'future'])(
    'answers 400 to since=%s, with the oldest cursor',
    async (since) => {
      await start();
      const live = await system.connect('/?events=1');
      grow(1);
      const known = await untilCursor(live);
      const future = known.replace(/\d+\.\d+$/, '999.0');
      const response = await fetch(`${system.url}/?since=${since === 'future' ? future : since}`);
      expect(response.status).toBe(400);
      const { code, oldest } = (await response.json()) as { code: string; oldest: string };
      expect(code).toBe('STREAM_SINCE');
      const reader = await system.connect(`/?since=${oldest}`);
      await reader.until(({ frames }) => frames.length > 0);
      expect(indicesOf(reader)).toEqual([10]);
    },
  );

  it('of a client that does not read holds no messages of other clients', async () => {
    await start({ stream: { max_buffered_bytes: 65_536 } });
    grow(2000);
    const witness = await system.connect('/');
    grow(1);
    await witness.until(({ frames }) => frames.length > 0);
    const stalled = await system.connect('/full-stream?since=-1h&events=1');
    stalled.socket.pause();
    grow(100);
    await upTo(witness, 2111);
    stalled.socket.resume();
    await stalled.until(() => eventsOf(stalled, 'live').length > 0, 'the live stream');
    const got = indicesOf(stalled);
    expect(got).toEqual(range(got[0], 2111));
  });
});

describe('filters', () => {
  it('select the entries of a client, live and replayed', async () => {
    await start();
    const everything = await system.connect('/');
    grow(100);
    await upTo(everything, 110);
    const updates = everything.updates();
    const name = plainNameOf(updates[50]);
    const expected = updates
      .filter(({ data }) =>
        data.leaf_cert.all_domains.some(
          (domain) => domain.toLowerCase() === name || domain.toLowerCase().endsWith(`.${name}`),
        ),
      )
      .map(({ data }) => data.cert_index);
    const filtered = await system.connect(`/?domain=${name}&since=-1h&events=1`);
    await filtered.until(() => eventsOf(filtered, 'live').length > 0);
    expect(indicesOf(filtered)).toEqual(expected);
    const domains = await system.connect(`/domains-only?domain=${name}&since=-1h`);
    await domains.until(({ frames }) => frames.length === expected.length);
    const types = await system.connect('/?type=precert&events=1');
    grow(100);
    await upTo(everything, 210);
    await untilCursor(types);
    const precerts = everything
      .updates()
      .filter(({ data }) => data.cert_index >= 110 && data.update_type === 'PrecertLogEntry')
      .map(({ data }) => data.cert_index);
    expect(precerts.length).toBeGreaterThan(0);
    expect(indicesOf(types)).toEqual(precerts);
  });

  it.each([
    ['domain=a.com,,b.com', 'FILTER_EMPTY_TERM'],
    ['regex=(', 'FILTER_REGEX'],
    ['keyword=ab', 'FILTER_KEYWORD_TOO_SHORT'],
    ['type=x', 'FILTER_VALUE'],
    ['domian=a.com', 'FILTER_UNKNOWN_PARAMETER'],
  ])('with the mistake %s are answered with 400 before the upgrade', async (query, code) => {
    await start();
    await expect(system.connect(`/?${query}`)).rejects.toThrow('400');
    const response = await fetch(`${system.url}/?${query}`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, code]);
  });
});

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
