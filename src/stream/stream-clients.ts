import type { IncomingMessage } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../certificate/certificate-batch.js';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { ProblemLog } from '../logging/problem-log.js';
import { AccessPolicy } from '../web/access-policy.js';
import { GOING_AWAY, KeepAlive } from './keep-alive.js';
import { requestedDialect } from './requested-dialect.js';
import { StreamAudience } from './stream-audience.js';
import { StreamClient } from './stream-client.js';
import { STREAM_TIMINGS, type StreamTimings } from './stream-timings.js';

const SHUTTING_DOWN = 'server is shutting down';

/** Every connected client of the three streams, from its upgrade to its end. */
@Injectable()
export class StreamClients implements BeforeApplicationShutdown {
  readonly audiences: Readonly<Record<StreamKind, StreamAudience>>;

  private readonly logger = new Logger(StreamClients.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly keepAlive: KeepAlive;
  private readonly connected = new Map<WebSocket, { client: StreamClient; audience: StreamAudience }>();
  private closing: Promise<void> | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    @Inject(STREAM_TIMINGS) timings: StreamTimings,
    private readonly access: AccessPolicy,
  ) {
    this.keepAlive = new KeepAlive(timings);
    const onDrop = (client: StreamClient, count: number) => this.reportDrop(client, count);
    const audience = () => new StreamAudience(onDrop);
    this.audiences = { full: audience(), lite: audience(), domains: audience() };
  }

  connect(kind: StreamKind, webSocket: WebSocket, request: IncomingMessage): void {
    if (this.closing !== undefined) return webSocket.close(GOING_AWAY, SHUTTING_DOWN);
    const client = new StreamClient(
      webSocket,
      request.socket,
      this.addressOf(request),
      this.config.general.buffer_sizes.websocket,
      webSocket.extensions !== '',
    );
    webSocket.on('ping', (data) => client.answerPing(data));
    const audience = this.audiences[kind];
    this.connected.set(webSocket, { client, audience });
    const { format } = this.config.webserver;
    audience.join(client, requestedDialect(request, format) ?? format);
    this.keepAlive.watch(client);
    this.logger.debug(`${client.address} joined the ${kind} stream`);
  }

  disconnect(webSocket: WebSocket): void {
    const found = this.connected.get(webSocket);
    if (found === undefined) return;
    this.connected.delete(webSocket);
    found.audience.leave(found.client);
    this.keepAlive.forget(found.client);
    const { address, stats } = found.client;
    this.problems.forget(address);
    if (stats.dropped > 0) this.logger.log(`${address} left and missed ${stats.dropped} messages`);
    else this.logger.debug(`${address} left`);
    if (this.connected.size === 0) this.onEmpty?.();
  }

  /**
   * Closes every connection with 1001 behind what is in flight, and cuts those that do not answer in time.
   * May be called more than once.
   */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private closeAll(): Promise<void> {
    return new Promise((resolve) => {
      this.onEmpty = resolve;
      if (this.connected.size === 0) return resolve();
      for (const { client } of this.connected.values()) this.keepAlive.close(client, SHUTTING_DOWN);
    });
  }

  private addressOf(request: IncomingMessage): string {
    const address = this.access.clientAddress(request);
    return `${address.includes(':') ? `[${address}]` : address}:${request.socket.remotePort ?? 0}`;
  }

  private reportDrop(client: StreamClient, count: number): void {
    const { dropped } = client.stats;
    this.problems.report(client.address, `${client.address} cannot keep up`, { dropped, now: count });
  }
}
