/** Sends lite messages to all its clients: with this server's stream module, with `ws` only, or with bare sockets. */
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { WebSocket, WebSocketServer } from 'ws';
import { CertstreamConfigModule } from '../../src/config/config.module.js';
import { configSchema } from '../../src/config/config-schema.js';
import { decodeGetEntriesPage } from '../../src/ct-log/client/rfc6962/get-entries-page.js';
import { locateEntries } from '../../src/ct-log/client/rfc6962/merkle-tree-leaf.js';
import { StreamClients } from '../../src/stream/subscription/stream-clients.js';
import { configureCertstream } from '../../src/configure-certstream.js';
import { StreamModule } from '../../src/stream/stream.module.js';
import { BareSockets } from './bare-sockets.js';
import { readBenchInput } from './bench-input.js';
import { FanoutInput } from './fanout-input.js';
import type { SenderCommand, SenderReady, SenderReport, SenderSetup } from './fanout-sender.js';

const PAGES = 4;
const setup = JSON.parse(process.argv[2]) as SenderSetup;

const input = await prepareInput();
const { app, url } = await startStreams();
const streams = app.get(StreamClients).audiences;
const plain = await startPlain();
const bare = new BareSockets();
const bareUrl = await bare.listen();
/** The default of `stream.max_batch_delay_ms`. */
const TICK_MS = 20;

async function prepareInput(): Promise<FanoutInput> {
  const { pages } = await readBenchInput(process.env['CT_CORPUS_DIR'], PAGES);
  const source = {
    name: 'log',
    url: 'https://log.example/2026h2',
    operator: 'Log',
    type: 'rfc6962',
  } as const;
  return new FanoutInput(
    pages.map((body) => {
      const page = decodeGetEntriesPage(body);
      return locateEntries(page).build({ source, firstIndex: 0, bytes: page.bytes, seen: Date.now() });
    }),
  );
}

async function startStreams(): Promise<{ app: NestExpressApplication; url: string }> {
  const config = configSchema.parse({
    webserver: { listen_addr: '127.0.0.1', compression_enabled: setup.compression },
  });
  class Streams {}
  const module = { module: Streams, imports: [CertstreamConfigModule.forRoot(config), StreamModule] };
  const created = await NestFactory.create<NestExpressApplication>(module, new ExpressAdapter(), {
    logger: false,
    bodyParser: false,
  });
  configureCertstream(created);
  await created.listen(0, '127.0.0.1');
  const { port } = (created.getHttpServer() as ReturnType<typeof createServer>).address() as AddressInfo;
  return { app: created, url: `http://127.0.0.1:${port}` };
}

/** Starts a plain `ws` server. Its permessage-deflate compresses each message for each client. */
async function startPlain(): Promise<{ clients: Set<WebSocket>; url: string }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const perMessageDeflate = setup.compression && { threshold: 0, serverNoContextTakeover: true };
  const { clients } = new WebSocketServer({ server, perMessageDeflate });
  return { clients, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

let published = 0;

async function send({ by, rate, seconds }: Extract<SenderCommand, { kind: 'send' }>): Promise<void> {
  published = 0;
  let gathered: Buffer[] = [];
  const flush = (): void => {
    if (gathered.length > 0) bare.write(Buffer.concat(gathered));
    gathered = [];
  };
  const tick = by === 'bare' ? setInterval(flush, TICK_MS) : undefined;
  input.start(rate, ({ shared, texts, bytes }) => {
    published += texts.length;
    if (by === 'shared') return streams.lite.deliver(shared);
    if (by === 'bare') return void gathered.push(bytes);
    for (const text of texts) {
      for (const client of plain.clients) {
        if (client.readyState === WebSocket.OPEN) client.send(text, { binary: false });
      }
    }
  });
  await sleep(seconds * 1000);
  input.stop();
  clearInterval(tick);
  flush();
  while (!bare.isIdle) await sleep(5);
  streams.lite.flush();
  while ([...plain.clients].some((client) => client.bufferedAmount > 0)) await sleep(5);
  // Clients with dropped messages do not read, so they are not waited for.
  while (
    [...streams.lite.clients].some(
      ({ stats, backlog, connection }) => stats.dropped === 0 && backlog + connection.unsentBytes > 0,
    )
  )
    await sleep(5);
}

async function flood(messages: number): Promise<void> {
  for (let sent = 0; sent < messages; sent += 50) {
    streams.full.deliver(input.batch({ url: 'https://log.example/2026h2' }, 50).shared);
    await sleep(2);
  }
}

async function run(command: SenderCommand): Promise<SenderReport> {
  const start = performance.now();
  const before = process.cpuUsage();
  if (command.kind === 'send') await send(command);
  if (command.kind === 'flood') await flood(command.messages);
  const { user, system } = process.cpuUsage(before);
  const waiting = [...streams.full.clients, ...streams.lite.clients];
  return {
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - start,
    residentMb: process.memoryUsage.rss() / 1024 / 1024,
    clients: { full: streams.full.clients.size, lite: streams.lite.clients.size, plain: plain.clients.size },
    published,
    queuedMessages: waiting.reduce((sum, { backlog }) => sum + backlog, 0),
    dropped: streams.full.stats.dropped + streams.lite.stats.dropped,
  };
}

process.on('message', (command: SenderCommand) => void run(command).then((report) => process.send?.(report)));
process.on('disconnect', () => process.exit());
process.send?.({
  urls: { shared: url, plain: plain.url, bare: bareUrl },
  averageBytes: input.averageBytes,
} satisfies SenderReady);
