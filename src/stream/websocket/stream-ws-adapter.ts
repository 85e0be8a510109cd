import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { MessageMappingProperties } from '@nestjs/websockets';
import type { Observable } from 'rxjs';
import { type PerMessageDeflateOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { Admission } from '../../web/admission.js';
import { responseOn, sendError, sendJson } from '../../web/json-response.js';
import { PendingConnections } from '../../web/limits/pending-connections.js';
import type { Refusal } from '../../web/refusal.js';
import { Refusals } from '../../web/refusals.js';
import { normalisePath, requestPath, withoutTrailingSlash } from '../../web/request-path.js';
import { WebEnforcement } from '../../web/web-enforcement.js';
import type { ProtectedStream } from '../../web/auth/access-tokens.js';
import { RawDeflate } from '../encoding/raw-deflate.js';
import type { DeflateTerms } from './compression-offer.js';
import { noteAnswer, offersWebSocket, settleOffers } from './handshake-offers.js';
import { InboundMeter } from './inbound-meter.js';
import { type StreamOptions, StreamRequestError } from '../subscription/stream-options.js';
import { requestErrorBody, StreamRequests } from '../subscription/stream-requests.js';
import {
  STREAM_GATEWAY_PATHS,
  STREAM_KINDS,
  STREAM_NAMES,
  streamPaths,
} from '../subscription/stream-paths.js';

/** Port of gateways that share the HTTP server. */
const SHARED_PORT = 0;

/**
 * Terms of the streams. All clients share one compression context, or none where Node.js cannot provide it. The server
 * compresses with a window of 15 bits, so a client cannot have a smaller one.
 */
function sharedDeflate(): PerMessageDeflateOptions {
  const withoutContext = RawDeflate.isAvailable ? {} : { serverNoContextTakeover: true };
  return { ...withoutContext, clientNoContextTakeover: true };
}

/**
 * A client of a stream. Messages that other gateways send to it are not compressed: `ws` would refer to messages that
 * it has sent, and the client has received others since.
 */
class StreamWebSocket extends WebSocket {
  override send(data: BufferLike, ...rest: unknown[]): void {
    const [options, callback] = typeof rest[0] === 'function' ? [{}, rest[0]] : rest;
    super.send(
      data,
      { ...(options as object | undefined), compress: false },
      callback as ((error?: Error) => void) | undefined,
    );
  }
}
type BufferLike = Parameters<WebSocket['send']>[0];

type GatewayOptions = ServerOptions & { namespace?: string; server?: unknown; path?: string };

/**
 * Serves the stream gateways at their configured paths and handles the HTTP upgrade. It ignores trailing slashes and
 * query strings, and answers a refused client over HTTP. Gateways of other modules work as under `WsAdapter`; a
 * gateway on the path of a stream shares that stream's server.
 */
export class StreamWsAdapter extends WsAdapter {
  private readonly servers = new Map<string, WebSocketServer>();
  /** Accept the connections of clients that may send large requests. */
  private readonly largeServers = new Map<WebSocketServer, WebSocketServer>();
  private readonly paths: ReadonlyMap<string, string>;
  /** Name in `auth.tokens` of the stream at each path. */
  private readonly streams: ReadonlyMap<string, ProtectedStream>;
  private readonly config: CertstreamConfig;
  private readonly admission: Admission;
  private readonly pending: PendingConnections;
  private readonly refusals: Refusals;
  private readonly enforcement: WebEnforcement;
  private readonly requests: StreamRequests;
  /** The last response of each connection that is not sent yet. */
  private readonly unsent = new WeakMap<Duplex, ServerResponse>();
  private readonly onRequest = ({ socket }: IncomingMessage, response: ServerResponse) => {
    this.unsent.set(socket, response);
    response.once('finish', () => {
      if (this.unsent.get(socket) === response) this.unsent.delete(socket);
    });
  };
  private readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    this.upgrade(request, socket, head);
  private sharedServer: Server | undefined;

  /** @param app must have the configuration and the providers of `WebModule`. */
  constructor(app: INestApplication) {
    super(app);
    const config = app.get<CertstreamConfig>(CERTSTREAM_CONFIG);
    const configured = streamPaths(config);
    this.paths = new Map(STREAM_KINDS.map((kind) => [STREAM_GATEWAY_PATHS[kind], configured[kind]]));
    this.streams = new Map(STREAM_KINDS.map((kind) => [configured[kind], STREAM_NAMES[kind]]));
    this.config = config;
    this.admission = app.get(Admission);
    this.pending = app.get(PendingConnections);
    this.refusals = app.get(Refusals);
    this.enforcement = app.get(WebEnforcement);
    this.requests = app.get(StreamRequests, { strict: false });
  }

  override create(port: number, options: GatewayOptions = {}): unknown {
    if (port !== SHARED_PORT || options.server !== undefined || options.namespace !== undefined) {
      const { auth, webserver } = this.config;
      if (auth.tokens.length > 0 || webserver.whitelist.length > 0)
        this.logger.warn(
          `the gateway on port ${port} is open: access tokens and the whitelist do not apply to it`,
        );
      return super.create(port, options);
    }
    const { path = '/', server: _server, namespace: _namespace, ...wsOptions } = options;
    const declared = withoutTrailingSlash(path);
    const served = this.paths.get(declared) ?? declared;
    const isStream = this.paths.has(declared);
    const found = this.servers.get(served);
    if (isStream) this.enforcement.noteAdapter();
    if (found !== undefined) return found;
    const shared = {
      // A larger message closes the connection with 1009.
      maxPayload: this.config.webserver.limits.max_message_bytes,
      // WebSocketConnection answers pings, with a bound on unsent pongs.
      autoPong: !isStream,
      perMessageDeflate: isStream && this.config.webserver.compression_enabled ? sharedDeflate() : false,
      WebSocket: isStream ? StreamWebSocket : WebSocket,
      ...wsOptions,
      noServer: true,
    };
    const created = new WebSocketServer(shared).on('headers', noteAnswer);
    if (isStream) {
      const maxPayload = Math.max(shared.maxPayload, this.config.stream.max_request_bytes);
      const large = { ...shared, maxPayload, clientTracking: false };
      this.largeServers.set(created, new WebSocketServer(large).on('headers', noteAnswer));
    }
    this.servers.set(served, this.bindErrorHandler(created));
    this.listenForUpgrades();
    return created;
  }

  /** Gateways without message handlers need no listener per client. */
  override bindMessageHandlers(
    client: WebSocket,
    handlers: MessageMappingProperties[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    if (handlers.length > 0) super.bindMessageHandlers(client, handlers, transform);
  }

  /** Logs errors of clients at debug level, since they are not errors of this server. */
  override bindErrorHandler(server: WebSocketServer): WebSocketServer {
    server.on('connection', (client) =>
      client.on('error', (error) => this.logger.debug(`connection failed: ${error.message}`)),
    );
    server.on('error', (error) => this.logger.error(error));
    return server;
  }

  override async close(server: WebSocketServer): Promise<void> {
    const served = [...this.servers].find(([, candidate]) => candidate === server);
    if (served === undefined && server.options?.noServer === true) return;
    if (served !== undefined) this.servers.delete(served[0]);
    await super.close(server);
  }

  override async dispose(): Promise<void> {
    this.sharedServer?.off('request', this.onRequest).off('upgrade', this.onUpgrade);
    this.sharedServer = undefined;
    await super.dispose();
  }

  private listenForUpgrades(): void {
    if (this.sharedServer !== undefined) return;
    this.sharedServer = this.httpServer as Server;
    this.sharedServer.on('request', this.onRequest).on('upgrade', this.onUpgrade);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // The upgrade follows a request that is not answered yet. Nothing may be written before that answer, and no
    // well-behaved client does this.
    if (this.unsent.has(socket)) {
      socket.on('error', () => undefined).destroy();
      return;
    }
    if (!offersWebSocket(request.headers.upgrade)) {
      // A server may ignore other protocols such as `Upgrade: h2c` (RFC 9110, 7.8) and answer the request itself.
      this.sharedServer?.emit('request', request, responseOn(socket, request));
      return;
    }
    // A socket that is already destroyed emits no further `close` event.
    if (socket.destroyed) return;
    normalisePath(request);
    this.admission.tokens.receive(request);
    const refusal = this.admission.refusesHandshake(request);
    if (refusal !== undefined) return this.refuse(request, socket, refusal);
    const path = requestPath(request);
    const server = this.servers.get(path);
    if (server === undefined) return sendError(responseOn(socket, request), 404);
    this.upgradeAt(server, path, request, socket, head);
  }

  private upgradeAt(
    server: WebSocketServer,
    path: string,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    const stream = this.streams.get(path);
    const unauthorized = this.admission.refusesToken(request, stream);
    if (unauthorized !== undefined) return this.refuse(request, socket, unauthorized);
    const options = stream === undefined ? undefined : this.optionsOf(request, socket);
    if (stream !== undefined && options === undefined) return;
    const full = this.admission.refusesConnection(request, socket);
    if (full !== undefined) return this.refuse(request, socket, full);
    settleOffers(request.headers, this.termsOf(server, stream));
    const accepting = (options?.events === true ? this.largeServers.get(server) : undefined) ?? server;
    const maxMessage = accepting.options.maxPayload ?? 0;
    accepting.handleUpgrade(request, socket, head, (client) => {
      this.pending.upgrade(socket as Socket);
      this.meter(client, socket as Socket, maxMessage, this.admission.addressOf(request));
      server.emit('connection', client, request);
    });
  }

  /** @returns undefined after the answer to a request with mistaken options. */
  private optionsOf(request: IncomingMessage, socket: Duplex): StreamOptions | undefined {
    try {
      return this.requests.optionsOf(request);
    } catch (error) {
      if (!(error instanceof StreamRequestError)) throw error;
      sendJson(responseOn(socket, request), 400, JSON.stringify(requestErrorBody(error)));
      return undefined;
    }
  }

  private refuse(request: IncomingMessage, socket: Duplex, refusal: Refusal): void {
    this.refusals.answer(responseOn(socket, request), refusal, this.admission.addressOf(request));
  }

  private termsOf(server: WebSocketServer, stream?: ProtectedStream): DeflateTerms | undefined {
    const { perMessageDeflate } = server.options;
    if (perMessageDeflate === undefined || perMessageDeflate === false) return undefined;
    if (stream !== undefined) return { ...sharedDeflate(), serverMaxWindowBits: 15 };
    return perMessageDeflate === true ? {} : perMessageDeflate;
  }

  private meter(client: WebSocket, socket: Socket, max_message_bytes: number, address: string): void {
    const limits = { ...this.config.webserver.limits, max_message_bytes };
    InboundMeter.attach(client, socket, limits, (reason) => this.refusals.count(reason, address));
  }
}
