import type { IncomingMessage } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../certificate/certificate-batch.js';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { ProblemLog } from '../logging/problem-log.js';
import { AccessPolicy } from '../web/access-policy.js';
import { addressKey } from '../web/limits/address-key.js';
import { BlockingClients } from './blocking-clients.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { Heartbeat } from './heartbeat.js';
import { GOING_AWAY, KeepAlive } from './keep-alive.js';
import { type AudienceOptions, StreamAudience } from './stream-audience.js';
import { StreamClient } from './stream-client.js';
import { requestedOptions } from './stream-options.js';
import { STREAM_TIMINGS, type StreamTimings } from './stream-timings.js';

const SHUTTING_DOWN = 'server is shutting down';
/** Slow clients that have log lines of their own at a time. */
const MAX_NAMED_CLIENTS = 100;
const TOO_SLOW = 'too many messages wait for this client';

/** Every connected client of the three streams, from its upgrade to its end. */
@Injectable()
export class StreamClients implements BeforeApplicationShutdown {
  readonly audiences: Readonly<Record<StreamKind, StreamAudience>>;

  private readonly logger = new Logger(StreamClients.name);
  private readonly problems = new ProblemLog(this.logger, { capacity: MAX_NAMED_CLIENTS });
  private readonly keepAlive: KeepAlive;
  private readonly heartbeat: Heartbeat;
  private readonly connected = new Map<WebSocket, StreamClient>();
  private closing: Promise<void> | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    @Inject(STREAM_TIMINGS) timings: StreamTimings,
    private readonly access: AccessPolicy,
    stream: CertificateFeed,
  ) {
    this.keepAlive = new KeepAlive(timings);
    const options = this.audienceOptions(stream);
    this.audiences = {
      full: new StreamAudience('full', options),
      lite: new StreamAudience('lite', options),
      domains: new StreamAudience('domains', options),
    };
    const { heartbeat_seconds: seconds, heartbeat_streams: streams } = config.stream;
    this.heartbeat = new Heartbeat(seconds * 1000, streams, this.audiences);
  }

  connect(kind: StreamKind, webSocket: WebSocket, request: IncomingMessage): void {
    if (this.closing !== undefined) return webSocket.close(GOING_AWAY, SHUTTING_DOWN);
    const options = requestedOptions(request, this.config);
    // The adapter has answered such a request with 400.
    if (typeof options === 'string') return webSocket.close(GOING_AWAY, options);
    const audience = this.audiences[kind];
    const client = new StreamClient(
      webSocket,
      request.socket,
      this.access.clientName(request),
      audience,
      options,
    );
    this.connected.set(webSocket, client);
    webSocket.on('ping', (data) => client.answerPing(data));
    audience.join(client);
    this.keepAlive.watch(client);
    this.heartbeat.start();
    this.logger.debug(`${client.address} joined the ${kind} stream`);
  }

  disconnect(webSocket: WebSocket): void {
    const client = this.connected.get(webSocket);
    if (client === undefined) return;
    this.connected.delete(webSocket);
    client.audience.leave(client);
    this.keepAlive.forget(client);
    const { address, stats } = client;
    this.problems.forget(address);
    this.problems.forget(blockProblem(client));
    if (stats.dropped > 0) this.logger.log(`${address} left and missed ${stats.dropped} messages`);
    else this.logger.debug(`${address} left`);
    if (this.connected.size > 0) return;
    this.heartbeat.stop();
    this.onEmpty?.();
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
      for (const audience of Object.values(this.audiences)) audience.flush();
      for (const client of this.connected.values()) {
        client.finish();
        this.keepAlive.close(client, SHUTTING_DOWN);
      }
    });
  }

  private audienceOptions(certificates: CertificateFeed): AudienceOptions {
    const { pressure } = certificates;
    const { general, stream } = this.config;
    const onTimeout = (client: StreamClient): void => {
      client.stopBlocking();
      this.problems.report(
        blockProblem(client),
        `${client.address} blocked for too long; it is dropped to now`,
      );
    };
    return {
      maxBatchDelayMs: stream.max_batch_delay_ms,
      limits: { messages: general.buffer_sizes.websocket, bytes: stream.max_buffered_bytes },
      blocking: new BlockingClients(pressure, stream.max_block_seconds * 1000, onTimeout, hostOf),
      onDrop: (client, count) => this.reportDrop(client, count),
      onSlow: (client) => this.keepAlive.close(client, TOO_SLOW),
      onError: (error) => certificates.reportError('messages could not be made', error),
    };
  }

  private reportDrop(client: StreamClient, count: number): void {
    const { dropped } = client.stats;
    this.problems.report(client.address, `${client.address} cannot keep up`, { dropped, now: count });
  }
}

/** Where a client connects from: its address without the port, of IPv6 the /64. */
function hostOf({ address }: StreamClient): string {
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]/, '$1');
  return addressKey(host) ?? host;
}

function blockProblem({ address }: StreamClient): string {
  return `${address} block`;
}
