import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import { FilterError } from '../../filter/filter-error.js';
import { messageOf } from '../../kernel/certstream-error.js';
import { ProblemLog } from '../../logging/problem-log.js';
import type { Transport } from '../../web/admission.js';
import { addressKey } from '../../web/limits/address-key.js';
import { UniqueWindow } from '../../unique/unique-window.js';
import { BlockingSubscribers } from './blocking-subscribers.js';
import { cursorAt } from '../../feed/cursor.js';
import { ClientSession } from './client-session.js';
import { type Connection, GOING_AWAY, NORMAL, TRY_AGAIN_LATER } from './connection.js';
import { LiveTail } from './live-tail.js';
import type { ReplaySource } from './replay.js';
import { ReplayTurns } from './replay-turns.js';
import { RecentBatches } from '../../feed/recent-batches.js';
import { type AudienceOptions, StreamAudience } from './stream-audience.js';
import type { StreamOptions } from './stream-options.js';
import { Subscriber } from './subscriber.js';

export const SHUTTING_DOWN = 'server is shutting down';
/** Octets of the reason in a Close frame (RFC 6455, 5.5). */
const MAX_REASON = 123;
const TOO_SLOW = 'too many messages wait for this client';
/** Bound on the slow clients that are logged by name at a time. */
const MAX_NAMED_CLIENTS = 100;

/** All clients of the three streams over any kind of connection, from subscription to end. */
@Injectable()
export class StreamClients implements BeforeApplicationShutdown {
  readonly audiences: Readonly<Record<StreamKind, StreamAudience>>;

  private readonly source: ReplaySource;
  private readonly logger = new Logger(StreamClients.name);
  private readonly problems = new ProblemLog(this.logger, { capacity: MAX_NAMED_CLIENTS });
  /** Subscriptions of the streams that have a client. No text is written for a stream without clients. */
  private readonly subscriptions = new Map<StreamKind, Subscription>();
  private closing: Promise<void> | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly feed: CertificateFeed,
    unique: UniqueWindow,
  ) {
    const { journal, renderer, batches$ } = feed;
    this.source = {
      journal,
      batches: new RecentBatches(renderer),
      tail: new LiveTail(batches$),
      window: unique,
      turns: new ReplayTurns(),
    };
    const options = this.audienceOptions();
    this.audiences = {
      full: new StreamAudience('full', options),
      lite: new StreamAudience('lite', options),
      domains: new StreamAudience('domains', options),
    };
    feed.unavailable$.subscribe((entries) => {
      for (const audience of Object.values(this.audiences)) audience.reportUnavailable(entries);
    });
    feed.lost$.subscribe((lost) => {
      if (lost.isReplaced) this.source.batches.clear();
      for (const audience of Object.values(this.audiences)) audience.reportLost(lost);
    });
  }

  /** Number of connected clients of all streams. */
  get count(): number {
    return Object.values(this.audiences).reduce((sum, { clients }) => sum + clients.size, 0);
  }

  /** Returns the number of clients that are connected in one way. */
  countBy(transport: Transport): number {
    let count = 0;
    for (const { clients } of Object.values(this.audiences))
      for (const { connection } of clients) if (connection.transport === transport) count++;
    return count;
  }

  /** Whether new clients are refused. */
  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /**
   * Subscribes a client to the entries that it chose. @param address `ip:port` for log lines and metrics.
   */
  join(kind: StreamKind, connection: Connection, address: string, options: StreamOptions): ClientSession {
    const audience = this.audiences[kind];
    const subscriber = new Subscriber(connection, address, audience, options);
    const session = new ClientSession(subscriber, audience, this.source, (error) => {
      this.feed.reportError('a replay failed', error);
      connection.close(GOING_AWAY, 'older entries cannot be read');
    });
    audience.enter(subscriber);
    this.logger.debug(`${address} joined the ${kind} stream`);
    if (!this.subscriptions.has(kind)) {
      this.subscriptions.set(
        kind,
        this.feed.batches$.subscribe((batch) => audience.deliver(batch)),
      );
    }
    try {
      session.start(options.since);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      connection.close(TRY_AGAIN_LATER, error.message.slice(0, MAX_REASON));
    }
    return session;
  }

  /** Resolves when a step of a few milliseconds may run without delaying messages. */
  turn(): Promise<void> {
    return this.source.turns.take();
  }

  /** Reports a defect of this server that a request of a client has met. */
  reportDefect(error: unknown): void {
    this.problems.report('request', `a request of a client failed: ${messageOf(error)}`, { error });
  }

  /** Removes a client. Call it when the connection has ended. */
  leave(session: ClientSession): void {
    const { subscriber } = session;
    const { address, stats } = subscriber;
    session.end();
    this.problems.forget(address);
    this.problems.forget(blockProblem(subscriber));
    if (stats.dropped > 0) this.logger.log(`${address} left and missed ${stats.dropped} messages`);
    else this.logger.debug(`${address} left`);
    for (const { kind, clients } of Object.values(this.audiences)) {
      if (clients.size > 0) continue;
      this.subscriptions.get(kind)?.unsubscribe();
      this.subscriptions.delete(kind);
    }
    if (this.subscriptions.size === 0) this.onEmpty?.();
  }

  /**
   * Closes every connection with 1001 after the messages in flight. The promise resolves when all clients have left.
   * The transport cuts connections that do not end in time. May be called more than once.
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
      if (this.subscriptions.size === 0) return resolve();
      for (const audience of Object.values(this.audiences)) {
        audience.flush();
        for (const client of audience.clients) {
          client.finish();
          client.connection.close(GOING_AWAY, SHUTTING_DOWN);
        }
      }
    });
  }

  private audienceOptions(): AudienceOptions {
    const { general, stream } = this.config;
    const { journal } = this.feed;
    const onTimeout = (client: Subscriber): void => {
      client.stopBlocking();
      this.problems.report(
        blockProblem(client),
        `${client.address} blocked the logs for too long; its messages are dropped from now on`,
      );
    };
    return {
      maxBatchDelayMs: stream.max_batch_delay_ms,
      limits: { messages: general.buffer_sizes.websocket, bytes: stream.max_buffered_bytes },
      unique: this.source.window,
      turn: () => this.source.turns.take(),
      filters: {
        maxBytes: stream.filters.max_bytes,
        logId: ({ logId }) => logId,
        onDefect: (error) => this.feed.reportError('a filter failed', error),
      },
      cursorOf: ({ seq, offset }) => cursorAt(journal, { seq, index: offset }),
      blocking: new BlockingSubscribers(
        this.feed.pressure,
        stream.max_block_seconds * 1000,
        onTimeout,
        hostOf,
      ),
      onDrop: (client, count) => this.reportDrop(client, count),
      onSlow: (client) => client.connection.close(GOING_AWAY, TOO_SLOW),
      onEnd: (client) => {
        client.finish();
        client.connection.close(NORMAL, 'limit reached');
      },
      onError: (error) => this.feed.reportError('messages could not be written', error),
      onCompressionError: (error) =>
        this.problems.report(
          'compression',
          'messages could not be compressed with a shared context; the clients receive them without it',
          { error },
        ),
    };
  }

  private reportDrop(client: Subscriber, count: number): void {
    const { dropped } = client.stats;
    this.problems.report(client.address, `${client.address} cannot keep up`, { dropped, now: count });
  }
}

/** Returns the address of a client without the port. IPv6 addresses are reduced to their /64. */
function hostOf({ address }: Subscriber): string {
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]/, '$1');
  return addressKey(host) ?? host;
}

function blockProblem({ address }: Subscriber): string {
  return `${address} block`;
}
