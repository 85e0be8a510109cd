import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';
import { range } from './support/range.js';
import {
  messagesOf,
  eventsOf,
  indicesOf,
  upTo,
  plainNameOf,
  certificateOf,
  untilCursor,
  ask,
} from './support/stream-messages.js';

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
    await upTo(reader, 35);
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
    await upTo(witness, 2011);
    const stalled = await system.connect('/full-stream?since=-1h&events=1');
    stalled.socket.pause();
    grow(100);
    await upTo(witness, 2111);
    stalled.socket.resume();
    await upTo(stalled, 2111);
    const got = indicesOf(stalled);
    expect(got).toEqual(range(got[0], 2111));
    expect(eventsOf(stalled, 'gap')).toMatchObject([{ data: { reason: 'expired' } }]);
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

describe('unique=1', () => {
  it('sends each certificate once, live and replayed', async () => {
    system = await TestSystem.start({
      logs: [
        { name: 'log', initialEntries: 0 },
        { name: 'other', initialEntries: 0, protocol: 'static-ct' },
      ],
    });
    const everything = await system.connect('/');
    const live = await system.connect('/?unique=1&events=1');
    for (const each of system.simulator.logs) {
      each.append(150);
      each.publish();
    }
    await everything.until(({ frames }) => frames.length === 300);
    const certificates = new Set(everything.updates().map(certificateOf));
    expect(certificates.size).toBeLessThan(300);
    const replayed = await system.connect('/?unique=1&since=-1h&events=1');
    await replayed.until(() => eventsOf(replayed, 'live').length > 0, 'the live stream');
    const countOf = (reader: StreamReader) => indicesOf(reader).length;
    await live.until((reader) => countOf(reader) >= certificates.size);
    for (const reader of [live, replayed]) {
      const got = messagesOf(reader)
        .filter(({ message_type: kind }) => kind === 'certificate_update')
        .map((message) => certificateOf(message as unknown as CertificateUpdate));
      expect(got).toHaveLength(certificates.size);
      expect(new Set(got)).toEqual(certificates);
    }
  });
});

it('enrich=1 adds fields, and the cursor of a message continues after it', async () => {
  await start();
  const reader = await system.connect('/?enrich=1');
  grow(5);
  await reader.until(({ frames }) => frames.length === 5);
  const messages = messagesOf(reader);
  expect(messages[2].data).toMatchObject({
    log_id: expect.stringMatching(/^[\w+/]{43}=$/),
    verification: expect.stringMatching(/^(un)?verified$/),
    leaf_cert: { key_type: expect.any(String), registrable_domains: expect.any(Array) },
  });
  const after = await system.connect(`/?since=${String(messages[2].data['cursor'])}`);
  await after.until(({ frames }) => frames.length === 2);
  expect(indicesOf(after)).toEqual([13, 14]);
});

it('a token with a filter shows its clients nothing else', async () => {
  await start({
    auth: {
      tokens: [
        { name: 'all', token: 'token-of-everything' },
        { name: 'precerts', token: 'token-of-precerts', filter: { type: 'precert' } },
      ],
    },
  });
  const everything = await system.connect('/?token=token-of-everything');
  const limited = await system.connect('/?token=token-of-precerts&events=1');
  grow(60);
  await upTo(everything, 70);
  await untilCursor(limited);
  expect((await ask(limited, { op: 'subscribe', filter: { type: ['precert', 'cert'] } })).message_type).toBe(
    'subscribed',
  );
  grow(60);
  await upTo(everything, 130);
  await untilCursor(limited);
  const replayed = await system.connect('/?token=token-of-precerts&since=-1h&events=1&type=cert,precert');
  await replayed.until(() => eventsOf(replayed, 'live').length > 0, 'the live stream');
  const precerts = everything
    .updates()
    .filter(({ data }) => data.update_type === 'PrecertLogEntry')
    .map(({ data }) => data.cert_index);
  for (const reader of [limited, replayed]) expect(indicesOf(reader)).toEqual(precerts);
});
