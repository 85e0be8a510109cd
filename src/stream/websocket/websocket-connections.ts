import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { ClientSession } from '../subscription/client-session.js';
import { GOING_AWAY } from '../subscription/connection.js';
import { SHUTTING_DOWN, StreamClients } from '../subscription/stream-clients.js';
import { filterBounds } from '../subscription/stream-options.js';
import { STREAM_NAMES } from '../subscription/stream-paths.js';
import { StreamRequests } from '../subscription/stream-requests.js';
import { ControlRequests } from './control-requests.js';
import { CursorBeat } from './cursor-beat.js';
import { answeredExtensions } from './handshake-offers.js';
import { Heartbeat } from './heartbeat.js';
import { KeepAlive, STREAM_TIMINGS, type StreamTimings } from './keep-alive.js';
import { WebSocketConnection } from './websocket-connection.js';

/** Subscribes WebSocket clients to the streams, carries out their requests, pings them and closes the silent ones. */
@Injectable()
export class WebSocketConnections {
  private readonly keepAlive: KeepAlive;
  private readonly heartbeat: Heartbeat;
  private readonly cursors = new CursorBeat();
  private readonly sessions = new Map<WebSocket, ClientSession>();

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    @Inject(STREAM_TIMINGS) timings: StreamTimings,
    private readonly requests: StreamRequests,
    private readonly clients: StreamClients,
  ) {
    this.keepAlive = new KeepAlive(timings);
    const { heartbeat_seconds: seconds, heartbeat_streams: streams } = config.stream;
    this.heartbeat = new Heartbeat(
      seconds * 1000,
      streams.map((kind) => clients.audiences[kind]),
    );
  }

  /** Subscribes a client with the options of its upgrade request, which the adapter has checked. */
  connect(kind: StreamKind, webSocket: WebSocket, request: IncomingMessage): void {
    if (this.clients.isClosing) return webSocket.close(GOING_AWAY, SHUTTING_DOWN);
    const options = this.requests.optionsOf(request);
    const connection = new WebSocketConnection(webSocket, request.socket, answeredExtensions(request));
    const session = this.clients.join(kind, connection, this.requests.nameOf(request), options);
    this.sessions.set(webSocket, session);
    this.keepAlive.watch(connection, session.subscriber);
    this.heartbeat.start();
    if (options.events) this.cursors.add(session);
    const { filters, max_request_bytes: maxBytes } = this.config.stream;
    const bounds = filterBounds(filters, 'json');
    const requests = new ControlRequests(session, {
      bounds,
      maxBytes,
      turn: () => this.clients.turn(),
      stream: STREAM_NAMES[kind],
      onDefect: (error) => this.clients.reportDefect(error),
    });
    requests.listen(webSocket);
  }

  disconnect(webSocket: WebSocket): void {
    const session = this.sessions.get(webSocket);
    if (session === undefined) return;
    this.sessions.delete(webSocket);
    this.keepAlive.forget(session.subscriber);
    this.cursors.remove(session);
    this.clients.leave(session);
    if (this.sessions.size === 0) this.heartbeat.stop();
  }
}
