import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { DelayHistogram } from '../../kernel/delay-histogram.js';
import type { BlockingSubscribers } from './blocking-subscribers.js';
import type { QueueLimits } from './subscriber-queue.js';

/** Totals of one stream since the start, including clients that have left. */
export interface StreamStats {
  /** Connections ever accepted. */
  connections: number;
  /** Messages written to connections: one message to ten clients counts ten. */
  messages: number;
  bytes: number;
  /** Messages dropped because a client could not keep up. */
  dropped: number;
  /** Clients whose connection was closed because they could not keep up. */
  closedSlow: number;
}

/** The messages that one client was sent and missed. */
export type SubscriberStats = Pick<StreamStats, 'messages' | 'bytes' | 'dropped'>;

/** The stream of a subscriber: the limits and counters that all its clients share. */
export interface SubscribedStream<Subscriber extends object> {
  readonly stats: StreamStats;
  /** Time from the publication of a message until the operating system has accepted it. */
  readonly delays: DelayHistogram;
  readonly limits: QueueLimits;
  readonly blocking: BlockingSubscribers<Subscriber>;
  /** Counts messages that were dropped for a client, and reports the client as slow. */
  countDropped(subscriber: Subscriber, count: number): void;
  /** Closes the connection of a client that cannot keep up. */
  closeSlow(subscriber: Subscriber): void;
  /** Returns the cursor before an entry, for gap messages. */
  cursorOf(place: BatchPlace): string;
  /** Reports an error that made a client miss messages, which were counted. */
  reportError(error: unknown): void;
}
