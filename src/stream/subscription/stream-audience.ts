import type { DialectName } from '../../certificate/dialects/dialect.js';
import { DIALECTS } from '../../certificate/dialects/dialect-writers.js';
import type { RenderedTexts, StreamKind } from '../../certificate/rendered-texts.js';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import type { FrameBatch, ServerMessage } from '../encoding/frame-encoding.js';
import type { BlockingSubscribers } from './blocking-subscribers.js';
import { noCompression, type StreamStats } from './stream-stats.js';
import type { SubscribedStream, Subscriber } from './subscriber.js';
import { SubscriberGroup } from './subscriber-group.js';
import type { QueueLimits } from './subscriber-queue.js';

/** Options that the audiences of all streams share. */
export interface AudienceOptions {
  readonly maxBatchDelayMs: number;
  readonly limits: QueueLimits;
  readonly blocking: BlockingSubscribers<Subscriber>;
  /** Is called each time messages of a client were dropped. */
  readonly onDrop: (subscriber: Subscriber, count: number) => void;
  /** Closes the connection of a client that cannot keep up. */
  readonly onSlow: (subscriber: Subscriber) => void;
  /** Is called with an error that made clients miss messages, which were counted as dropped. */
  readonly onError: (error: unknown) => void;
  /** Is called with an error of a compression context, which made no client miss messages. */
  readonly onCompressionError: (error: unknown) => void;
}

/** Consecutive entries of one log and their texts, such as a `CertificateBatch`. */
export interface StreamBatch {
  readonly source: { readonly url: string };
  readonly firstIndex: number;
  texts(kind: StreamKind, dialect: DialectName): RenderedTexts;
  /** Returns one batch per entry, or undefined when the batch has a single entry. */
  split(): readonly StreamBatch[] | undefined;
}

/** The clients of one stream, in a group for each dialect and encoding that a client has. */
export class StreamAudience implements SubscribedStream {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0, closedSlow: 0 };
  readonly compression = noCompression();
  readonly delays = new DelayHistogram();
  readonly limits: QueueLimits;
  readonly blocking: BlockingSubscribers<Subscriber>;
  private readonly members = new Set<Subscriber>();
  private readonly groups = new Map<string, SubscriberGroup>();

  constructor(
    readonly kind: StreamKind,
    private readonly options: AudienceOptions,
  ) {
    this.limits = options.limits;
    this.blocking = options.blocking;
  }

  get clients(): ReadonlySet<Subscriber> {
    return this.members;
  }

  join(subscriber: Subscriber): void {
    const key = groupKey(subscriber);
    let group = this.groups.get(key);
    if (group === undefined) {
      const { options, connection } = subscriber;
      group = new SubscriberGroup(options.dialect, connection.encoding, {
        ...this.options,
        maxDelayMs: this.options.maxBatchDelayMs,
        compression: this.compression,
      });
      this.groups.set(key, group);
    }
    group.join(subscriber);
    this.members.add(subscriber);
    this.stats.connections++;
  }

  leave(subscriber: Subscriber): void {
    this.members.delete(subscriber);
    const key = groupKey(subscriber);
    const group = this.groups.get(key);
    group?.leave(subscriber);
    if (group?.size === 0) {
      // Otherwise its timer would keep the group and the gathered messages in memory.
      group.flush();
      this.groups.delete(key);
    }
    subscriber.forgetQueue();
  }

  /**
   * Sends the texts of the batch to every client, at once or at the end of the tick. Texts are written and encoded
   * only in the dialects and encodings that a client has. When a text cannot be written, only the entry that causes
   * the error is dropped, and counted as dropped for every client.
   */
  deliver(batch: StreamBatch): void {
    for (const group of this.groups.values()) this.deliverTo(group, batch);
  }

  private deliverTo(group: SubscriberGroup, batch: StreamBatch): void {
    const { dialect, encoding } = group;
    const logUrl = DIALECTS[dialect].sourceUrl(batch.source.url);
    const { firstIndex } = batch;
    let frames: FrameBatch;
    try {
      frames = encoding.encode(batch.texts(this.kind, dialect));
    } catch (error) {
      const single = batch.split();
      if (single !== undefined) {
        for (const one of single) this.deliverTo(group, one);
        return;
      }
      this.options.onError(error);
      return group.lose(logUrl, firstIndex, 1);
    }
    group.publish({ logUrl, firstIndex, frames });
  }

  /** Sends a message about the stream to every client without waiting messages. */
  sendAside(message: ServerMessage): void {
    for (const group of this.groups.values()) group.sendAside(group.encoding.encodeMessage(message));
  }

  /** Sends the messages that wait for the end of a tick. */
  flush(): void {
    for (const group of this.groups.values()) group.flush();
  }

  countDropped(subscriber: Subscriber, count: number): void {
    this.stats.dropped += count;
    this.options.onDrop(subscriber, count);
  }

  closeSlow(subscriber: Subscriber): void {
    this.stats.closedSlow++;
    this.options.onSlow(subscriber);
  }

  reportError(error: unknown): void {
    this.options.onError(error);
  }
}

function groupKey({ options, connection }: Subscriber): string {
  return `${options.dialect} ${connection.encoding.name}`;
}
