import { afterEach, describe, expect, it } from 'vitest';
import { StreamClients } from '../../src/stream/subscription/stream-clients.js';
import { range } from '../support/range.js';
import { Chromium, findChromium } from '../support/chromium.js';
import { TestSystem } from '../../src/testing/test-system.js';

const command = findChromium();
if (command === undefined) {
  console.warn(
    'SKIPPED test/long/browser.test.ts: no chromium on the path. Install it (Debian: apt-get install chromium) or name it in CHROMIUM',
  );
}

const TOKEN = 'browser+token/0123456789==';
const STREAMS = { full: '/full-stream', lite: '/', domains: '/domains-only' } as const;

let system: TestSystem;
let browser: Chromium;
afterEach(async () => {
  await browser?.close();
  await system.close();
});

/** Returns the script with which any web page receives a stream. */
const subscribe = (url: string) => `
  const token = ${JSON.stringify(TOKEN)};
  window.streams = Object.fromEntries(Object.entries(${JSON.stringify(STREAMS)}).map(([kind, path]) => {
    const stream = { messages: [], protocol: '', extensions: '', closed: 0 };
    const socket = new WebSocket(${JSON.stringify(url)} + path, ['certstream', 'token.' + encodeURIComponent(token)]);
    socket.onopen = () => Object.assign(stream, { protocol: socket.protocol, extensions: socket.extensions });
    socket.onmessage = ({ data }) => stream.messages.push(JSON.parse(data));
    socket.onclose = ({ code }) => { stream.closed = code; };
    return [kind, stream];
  }));
  true`;

interface PageStream {
  readonly messages: { readonly message_type: string; readonly data: Record<string, unknown> | string[] }[];
  readonly protocol: string;
  readonly extensions: string;
  readonly closed: number;
}

describe.skipIf(command === undefined)('a browser', () => {
  it.each([true, false])(
    'receives all three streams with a token as subprotocol, compressed: %s',
    async (compression_enabled) => {
      system = await TestSystem.start({
        logs: [{ name: 'log' }],
        config: {
          webserver: { listen_addr: '127.0.0.1', compression_enabled },
          auth: { tokens: [{ name: 'browser', token: TOKEN }] },
        },
      });
      browser = await Chromium.open(command!, `${system.server.url}/healthz`);
      await browser.evaluate(subscribe(system.server.url.replace('http', 'ws')));
      const { audiences } = system.server.app.get(StreamClients);
      await system.eventually(
        () => Object.values(audiences).every(({ clients }) => clients.size === 1),
        'the browser',
      );
      for (let i = 0; i < 5; i++) {
        system.simulator.log('log').append(10);
        system.simulator.log('log').publish();
      }
      const received = () => browser.evaluate<Record<keyof typeof STREAMS, PageStream>>('window.streams');
      await system.eventually(
        async () => Object.values(await received()).every(({ messages }) => messages.length >= 50),
        'fifty messages of each stream',
      );
      const { full, lite, domains } = await received();
      for (const stream of [full, lite, domains]) {
        expect(stream.messages).toHaveLength(50);
        expect(stream.protocol).toBe('certstream');
        expect(stream.extensions.includes('permessage-deflate')).toBe(compression_enabled);
      }
      const indices = (stream: PageStream) =>
        stream.messages.map(({ data }) => (data as Record<string, unknown>)['cert_index']);
      expect(indices(full)).toEqual(indices(lite));
      expect(new Set(indices(lite)).size).toBe(50);
      expect(full.messages[0].data).toHaveProperty('chain');
      expect(lite.messages[0].data).not.toHaveProperty('chain');
      expect(domains.messages.every(({ message_type }) => message_type === 'dns_entries')).toBe(true);
      await system.server.stop();
      await system.eventually(
        async () => Object.values(await received()).every(({ closed }) => closed === 1001),
        'code 1001',
      );
    },
  );

  it.each([true, false])(
    'loses and repeats nothing with an EventSource that is cut off 20 times, compressed: %s',
    async (compression_enabled) => {
      system = await TestSystem.start({
        logs: [{ name: 'log' }],
        config: { webserver: { listen_addr: '127.0.0.1', compression_enabled } },
      });
      browser = await Chromium.open(command!, `${system.server.url}/healthz`);
      await browser.evaluate(`
        window.received = [];
        new EventSource('/sse').onmessage = ({ data }) => received.push(JSON.parse(data).data.cert_index);
        true`);
      const { audiences } = system.server.app.get(StreamClients);
      const { stats, clients } = audiences.lite;
      const log = system.simulator.log('log');
      await system.eventually(() => clients.size === 1, 'the browser');
      const encodings = [...clients].map(({ connection }) => connection.encoding.name);
      expect(encodings).toEqual([compression_enabled ? 'event-stream-gzip' : 'event-stream']);
      for (let cuts = 0; cuts < 20; cuts++) {
        await system.eventually(() => stats.connections > cuts && clients.size === 1, 'the browser');
        log.append(30 + cuts);
        log.publish();
        const wanted = cuts % 4 === 0 ? 0 : log.size - 29;
        await system.eventually(() => stats.messages >= wanted, 'messages');
        for (const { connection } of clients) connection.terminate();
        log.append(10);
        log.publish();
      }
      const received = () => browser.evaluate<number[]>('received');
      await system.eventually(async () => (await received()).length >= log.size, 'all events');
      log.append(1);
      log.publish();
      await system.eventually(async () => (await received()).includes(log.size - 1), 'the last event');
      expect(stats.connections).toBe(21);
      expect(await received()).toEqual(range(0, log.size));
    },
  );
});
