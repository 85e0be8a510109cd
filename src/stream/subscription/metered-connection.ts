import type { Connection } from './connection.js';
import type { StreamStats, SubscriberStats } from './subscribed-stream.js';
import type { DelayHistogram } from '../../kernel/delay-histogram.js';

/** Totals of the stream to which a connection belongs. */
interface StreamMeters {
  readonly stats: StreamStats;
  readonly delays: DelayHistogram;
}

/** Writes messages to the connection of one client, counts them, and observes their delay. */
export class MeteredConnection {
  readonly stats: SubscriberStats = { messages: 0, bytes: 0, dropped: 0 };
  /** Messages that the connection has not sent yet. The last of them were published at {@link unsentSince}. */
  private unsent = 0;
  private unsentSince = 0;

  constructor(
    private readonly connection: Connection,
    private readonly stream: StreamMeters,
  ) {}

  /** Whether all messages are sent whose delay is observed. */
  get isIdle(): boolean {
    return this.unsent === 0;
  }

  /**
   * Writes messages. @param publishedAt when they were published, to observe their delay; undefined for all other messages.
   * @returns whether a part of them is unsent.
   */
  write(octets: Buffer, count: number, publishedAt?: number): boolean {
    const { connection, stats, stream } = this;
    connection.write(octets);
    stats.messages += count;
    stats.bytes += octets.length;
    stream.stats.messages += count;
    stream.stats.bytes += octets.length;
    if (connection.unsentBytes === 0) {
      if (publishedAt !== undefined) stream.delays.observe(performance.now() - publishedAt, count);
      return false;
    }
    if (publishedAt !== undefined) {
      this.unsent += count;
      this.unsentSince = publishedAt;
    }
    return true;
  }

  /** Observes the delay of messages that the connection has sent in the meantime. */
  noteSent(): void {
    if (this.unsent === 0 || this.connection.unsentBytes > 0) return;
    this.stream.delays.observe(performance.now() - this.unsentSince, this.unsent);
    this.unsent = 0;
  }
}
