import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { AccessPolicy } from '../../web/access-policy.js';
import { GOING_AWAY } from '../subscription/connection.js';
import { SHUTTING_DOWN, StreamClients } from '../subscription/stream-clients.js';
import { requestedOptions } from '../subscription/stream-request.js';
import type { Subscriber } from '../subscription/subscriber.js';
import { answeredExtensions } from './handshake-offers.js';
import { Heartbeat } from './heartbeat.js';
import { KeepAlive, STREAM_TIMINGS, type StreamTimings } from './keep-alive.js';
import { WebSocketConnection } from './websocket-connection.js';

/** Subscribes WebSocket clients to the streams, pings them and closes the silent ones. */
@Injectable()
export class WebSocketConnections {
  private readonly keepAlive: KeepAlive;
  private readonly heartbeat: Heartbeat;
  private readonly subscribers = new Map<WebSocket, Subscriber>();

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    @Inject(STREAM_TIMINGS) timings: StreamTimings,
    private readonly access: AccessPolicy,
    private readonly clients: StreamClients,
  ) {
    this.keepAlive = new KeepAlive(timings);
    const { heartbeat_seconds: seconds, heartbeat_streams: streams } = config.stream;
    this.heartbeat = new Heartbeat(
      seconds * 1000,
      streams.map((kind) => clients.audiences[kind]),
    );
  }

  /** Subscribes a client with the options of its upgrade request. */
  connect(kind: StreamKind, webSocket: WebSocket, request: IncomingMessage): void {
    if (this.clients.isClosing) return webSocket.close(GOING_AWAY, SHUTTING_DOWN);
    const options = requestedOptions(request, this.config);
    // The adapter has already answered such a request with 400.
    if (typeof options === 'string') return webSocket.close(GOING_AWAY, options);
    const connection = new WebSocketConnection(webSocket, request.socket, answeredExtensions(request));
    const subscriber = this.clients.join(kind, connection, this.access.clientName(request), options);
    this.subscribers.set(webSocket, subscriber);
    this.keepAlive.watch(connection, subscriber);
    this.heartbeat.start();
  }

  disconnect(webSocket: WebSocket): void {
    const subscriber = this.subscribers.get(webSocket);
    if (subscriber === undefined) return;
    this.subscribers.delete(webSocket);
    this.keepAlive.forget(subscriber);
    this.clients.leave(subscriber);
    if (this.subscribers.size === 0) this.heartbeat.stop();
  }
}
