import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SseStreams } from '../src/stream/sse/sse-streams.js';
import { range } from './support/range.js';
import { sseSystem } from './support/sse-system.js';

const { system, clients, get, start, open, grow } = sseSystem();

describe('an event stream', () => {
  it('carries the JSON of the WebSocket streams, one event for each message, with a cursor', async () => {
    await start();
    for (const [name, path] of [
      ['full', '/full-stream'],
      ['lite', '/'],
      ['domains', '/domains-only'],
      ['domains-only', '/domains-only'],
    ] as const) {
      const webSocket = await system().connect(path);
      const reader = await open(`/sse?stream=${name}`);
      grow(20);
      await webSocket.until(({ frames }) => frames.length >= 20);
      await reader.until(() => reader.events.length >= 20, 'twenty events');
      expect(reader.events.map(({ data }) => data)).toEqual(webSocket.frames.map((frame) => frame.trimEnd()));
      expect(new Set(reader.events.map(({ type }) => type))).toEqual(new Set(['message']));
      expect(new Set(reader.events.map(({ id }) => id)).size).toBe(20);
      await webSocket.close();
      await reader.cut();
    }
  });

  it('is answered with headers that keep caches and proxies from holding events back', async () => {
    await start();
    const reader = await open();
    expect(reader.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const line of [
      'Content-Type: text/event-stream; charset=utf-8',
      'Cache-Control: no-store, no-transform',
      'X-Accel-Buffering: no',
      'Access-Control-Allow-Origin: *',
      'Connection: close',
    ])
      expect(reader.head).toContain(`${line}\r\n`);
    expect(reader.head).not.toMatch(/transfer-encoding|content-length/i);
    expect(reader.retry).toBe(1000);
  });
});

describe('a client that reconnects with Last-Event-ID', () => {
  it('misses nothing and gets nothing twice while the stream runs', async () => {
    await start();
    let reader = await open('/sse?stream=domains&since=-1h');
    const ids: string[] = [];
    const texts: string[] = [];
    let total = 0;
    for (let cuts = 0; cuts < 15; cuts++) {
      grow(40 + cuts * 17);
      total += 40 + cuts * 17;
      const wanted = cuts % 3 === 0 ? 0 : 1 + ((cuts * 31) % 90);
      await reader.until(() => reader.events.length >= wanted, `${wanted} events`);
      await reader.cut();
      for (const { type, id, data } of reader.events)
        if (type === 'message') {
          ids.push(id);
          texts.push(data);
        }
      const headers = reader.lastEventId === '' ? [] : [`Last-Event-ID: ${reader.lastEventId}`];
      reader = await open('/sse?stream=domains&since=-1h', ...headers);
    }
    await reader.until(
      () => ids.length + reader.events.filter(({ type }) => type === 'message').length >= total,
      'all events',
    );
    grow(1);
    await reader.until(
      () => reader.events.at(-1)!.id !== ids.at(-1) && reader.of('live').length === 1,
      'live',
    );
    await reader.until(
      () => ids.length + reader.events.filter(({ type }) => type === 'message').length > total,
      'the last event',
    );
    const all = [...ids, ...reader.events.filter(({ type }) => type === 'message').map(({ id }) => id)];
    expect(all).toHaveLength(total + 1);
    expect(new Set(all).size).toBe(total + 1);
  });

  it('continues where it was cut off before the first event', async () => {
    await start();
    const first = await open();
    await first.until(() => first.lastEventId !== '', 'an id');
    await first.cut();
    grow(30);
    await system().eventually(() => system().stream.stats.entries === 30, 'the entries');
    const second = await open('/sse', `Last-Event-ID: ${first.lastEventId}`);
    await second.until(() => second.of('live').length === 1, 'the end of the replay');
    expect(second.indices()).toEqual(range(0, 30));
    expect(second.events.at(-1)!.id).toBe((second.of('live')[0] as { data: { cursor: string } }).data.cursor);
  });

  it('gets a gap and the oldest entries when this server does not know the id, whatever since says', async () => {
    await start();
    grow(10);
    await system().eventually(() => system().stream.stats.entries === 10, 'the entries');
    for (const id of ['another.1.2.3', 'x'.repeat(3000), '17', '"'])
      for (const query of ['', '?since=nonsense']) {
        const reader = get(`/sse${query}`, `Last-Event-ID: ${id}`);
        await reader.until(() => reader.of('live').length === 1, 'the end of the replay');
        const [gap] = reader.events;
        expect([gap.type, gap.id]).not.toContain('message');
        expect(JSON.parse(gap.data)).toMatchObject({
          message_type: 'gap',
          dropped: 0,
          disconnecting: false,
          data: { reason: 'expired', from: id.slice(0, 64), to: gap.id, cursor: gap.id },
        });
        expect(reader.indices()).toEqual(range(0, 10));
        await reader.cut();
      }
    // The query alone is a mistake that the user can correct.
    const mistaken = get('/sse?since=another.1.2.3');
    await mistaken.until(() => mistaken.body.endsWith('}'), 'an answer');
    expect([mistaken.status, JSON.parse(mistaken.body)]).toMatchObject([400, { code: 'STREAM_SINCE' }]);
    expect(JSON.parse(mistaken.body)).toHaveProperty('oldest');
  });

  it('keeps a fresh id by heartbeats although its filter lets nothing through', async () => {
    await start();
    const reader = await open('/sse?domain=nothing.invalid');
    const { lastEventId: before } = reader;
    grow(50);
    await system().eventually(() => system().stream.stats.entries === 50, 'the entries');
    system().server.app.get(SseStreams).beat();
    await reader.until(() => reader.comments.includes('heartbeat'), 'a heartbeat');
    await reader.until(() => reader.lastEventId !== before, 'a new id');
    expect(reader.events).toEqual([]);
    const later = await open('/sse', `Last-Event-ID: ${reader.lastEventId}`);
    grow(1);
    await later.until(() => later.messages().length > 0, 'an event');
    expect(later.indices()).toEqual([50]);
  });
});

describe('the parameters of an event stream', () => {
  it('are those of the WebSocket streams', async () => {
    await start();
    const calidog = await open('/sse?format=calidog&stream=full');
    const limited = await open('/sse?limit=5');
    grow(20);
    await calidog.until(() => calidog.events.length >= 20, 'events');
    expect(calidog.events[0].data).toContain('"as_der"');
    await limited.ended();
    expect(limited.indices()).toEqual(range(0, 5));
    expect(limited.comments).toEqual(['limit reached']);
    const next = get('/sse?limit=5', `Last-Event-ID: ${limited.lastEventId}`);
    await next.ended();
    expect(next.indices()).toEqual(range(5, 10));
    const since = await open('/sse?since=-1h&domain=com');
    await since.until(() => since.of('live').length === 1, 'the end of the replay');
    const names = since
      .messages()
      .map(({ data }) => (data as unknown as { leaf_cert: { all_domains: string[] } }).leaf_cert.all_domains);
    for (const all of names) expect(all.some((name) => name.endsWith('.com'))).toBe(true);
  });

  it.each([
    ['stream=v2', 'STREAM_NAME'],
    ['stream=', 'STREAM_NAME'],
    ['stream=full&stream=lite', 'STREAM_NAME'],
    ['strem=full', 'FILTER_UNKNOWN_PARAMETER'],
    ['format=xml', 'STREAM_FORMAT'],
    ['slow=block', 'STREAM_SLOW'],
    ['events=2', 'STREAM_OPTION'],
    ['limit=0', 'STREAM_LIMIT'],
    ['domain=a.com,,b.com', 'FILTER_EMPTY_TERM'],
  ])('%s is answered with 400 %s', async (query, code) => {
    await start();
    const answer = await system().get(`/sse?${query}`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code, error: expect.any(String) }]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) console.warn('SKIPPED a part of test/sse.test.ts: no curl on the path');

describe.skipIf(!hasCurl)('curl', () => {
  it.each([['-N'], ['-N', '--compressed'], ['-N', '--http1.0']])(
    'prints each event at once with %s %s',
    async (...options) => {
      await start({ config: { webserver: { listen_addr: '127.0.0.1', compression_enabled: true } } });
      const curl = spawn('curl', [
        '-s',
        '--noproxy',
        '*',
        ...options,
        `${system().url}/sse?stream=domains&limit=20`,
      ]);
      const ended = once(curl, 'close') as Promise<[number]>;
      let printed = '';
      curl.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      await system().eventually(() => clients().count === 1, 'curl');
      for (let i = 1; i <= 20; i++) {
        grow(1);
        await system().eventually(() => printed.split('\ndata: ').length > i, 'the event');
      }
      const [status] = await ended;
      expect(status).toBe(0);
      expect(printed.match(/^id: /gm)).toHaveLength(21);
      expect(printed).toMatch(/^retry: 1000\n\nid: .*\n\n: limit reached\n\nretry: 1000\n\n$/s);
    },
  );
});
