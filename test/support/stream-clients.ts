import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { type ClientOptions, type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws';
import { BackPressure } from '../../src/feed/back-pressure.js';
import { BlockingSubscribers } from '../../src/stream/subscription/blocking-subscribers.js';
import type { RenderedTexts } from '../../src/certificate/rendered-texts.js';
import { frameHeaderLength, writeFrameHeader } from '../../src/stream/encoding/websocket-encoding.js';
import type { StreamBatch } from '../../src/stream/subscription/batch-delivery.js';
import { StreamAudience } from '../../src/stream/subscription/stream-audience.js';
import { Subscriber } from '../../src/stream/subscription/subscriber.js';
import type { StreamOptions } from '../../src/stream/subscription/stream-options.js';
import { answeredExtensions, noteAnswer } from '../../src/stream/websocket/handshake-offers.js';
import { UniqueWindow } from '../../src/unique/unique-window.js';
import { WebSocketConnection } from '../../src/stream/websocket/websocket-connection.js';
import { fakeEntries } from './fake-ct-log.js';
import { StreamReader } from '../../src/testing/stream-reader.js';

export interface AudienceSettings {
  readonly maxBatchDelayMs?: number;
  readonly messages?: number;
  readonly bytes?: number;
  readonly maxBlockMs?: number;
}

/** Creates an audience, with mocks of its callbacks and the pressure that its clients put on publishers. */
export function testAudience(settings: AudienceSettings = {}) {
  const pressure = new BackPressure();
  const onDrop = vi.fn();
  const onSlow = vi.fn();
  const onEnd = vi.fn();
  const onError = vi.fn();
  const onCompressionError = vi.fn();
  const onTimeout = vi.fn((client: Subscriber) => client.stopBlocking());
  const audience = new StreamAudience('lite', {
    maxBatchDelayMs: settings.maxBatchDelayMs ?? 0,
    limits: { messages: settings.messages ?? 1_000_000, bytes: settings.bytes ?? 1_000_000_000 },
    blocking: new BlockingSubscribers(
      pressure,
      settings.maxBlockMs ?? 3_600_000,
      onTimeout,
      ({ address }) => address,
    ),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    filters: {},
    unique: new UniqueWindow({ megabytes: 1, now: () => performance.now() }),
    cursorOf: ({ seq, offset }) => `cursor.${seq}.${offset}`,
    onDrop,
    onSlow,
    onEnd,
    onError,
    onCompressionError,
  });
  return { audience, pressure, onDrop, onSlow, onEnd, onError, onCompressionError, onTimeout };
}

export const ORDINARY: StreamOptions = {
  dialect: 'go',
  enrich: false,
  slow: 'drop',
  events: false,
  hasCursors: false,
  unique: false,
};

/** A client of an audience, and the server's end of its connection. */
export interface TestClient {
  readonly client: Subscriber;
  readonly connection: WebSocketConnection;
}

export function testClient(
  webSocket: WebSocket,
  socket: Socket,
  audience = testAudience().audience,
  options: Partial<StreamOptions> = {},
  extensions = '',
): TestClient {
  const connection = new WebSocketConnection(webSocket, socket, extensions);
  return { client: new Subscriber(connection, 'peer', audience, { ...ORDINARY, ...options }), connection };
}

/** Returns the server's end of a client's connection, which must be a WebSocket. */
export function connectionOf({ connection }: Subscriber): WebSocketConnection {
  if (connection instanceof WebSocketConnection) return connection;
  throw new TypeError('the client is not connected by WebSocket');
}

/** Returns texts as frames of a log's entries from `firstIndex` on, the same in every dialect. */
export function batchOf(
  texts: readonly string[],
  firstIndex = 0,
  url = 'https://log.example',
  frames = framesOf(texts),
): StreamBatch {
  return {
    source: { url },
    firstIndex,
    count: texts.length,
    place: { seq: firstIndex + 1, offset: 0 },
    entries: fakeEntries(firstIndex, texts.length),
    hasParseError: () => false,
    texts: () => frames,
    hasTexts: () => true,
    single: (i) => batchOf([texts[i]], firstIndex + i, url),
  };
}

export function framesOf(texts: readonly string[]): RenderedTexts {
  const frameStart = new Uint32Array(texts.length + 1);
  const textStart = new Uint32Array(texts.length);
  const parts = texts.map((text, i) => {
    const payload = Buffer.from(text);
    const header = Buffer.alloc(frameHeaderLength(payload.length));
    writeFrameHeader(header, 0, payload.length);
    textStart[i] = frameStart[i] + header.length;
    frameStart[i + 1] = textStart[i] + payload.length;
    return Buffer.concat([header, payload]);
  });
  return { buffer: Buffer.concat(parts), count: texts.length, frameStart, textStart };
}

/** Connects clients of an audience over real sockets, with both ends in this process. */
export class ConnectedClients {
  private readonly server = createServer();

  private constructor(
    private readonly audience: StreamAudience,
    private readonly compression: PerMessageDeflateOptions | boolean,
  ) {}

  static async listen(
    audience: StreamAudience,
    compression: PerMessageDeflateOptions | boolean = false,
  ): Promise<ConnectedClients> {
    const clients = new ConnectedClients(audience, compression);
    clients.server.listen(0, '127.0.0.1');
    await once(clients.server, 'listening');
    onTestFinished(() => clients.server.close().closeAllConnections());
    return clients;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connects a client: the server's end joins the audience and the peer's end reads. */
  async connect(
    options: Partial<StreamOptions> = {},
    peerOptions: ClientOptions = {},
  ): Promise<TestClient & { readonly peer: StreamReader }> {
    const accepted = this.accept(options);
    const peer = await StreamReader.connect(`ws://127.0.0.1:${this.port}`, peerOptions);
    return { ...(await accepted), peer };
  }

  /** Resolves with the server's end of the next connection, which joins the audience. */
  accept(options: Partial<StreamOptions> = {}): Promise<TestClient> {
    const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: this.compression });
    upgrades.on('headers', noteAnswer);
    return new Promise((resolve) => {
      this.server.once('upgrade', (request, socket, head) =>
        upgrades.handleUpgrade(request, socket, head, (webSocket) => {
          const accepted = testClient(
            webSocket,
            socket as Socket,
            this.audience,
            options,
            answeredExtensions(request),
          );
          webSocket.on('close', () => this.audience.leave(accepted.client));
          this.audience.enter(accepted.client);
          this.audience.attach(accepted.client);
          resolve(accepted);
        }),
      );
    });
  }
}
