import { calidogDialect } from '../../certificate/dialects/calidog-dialect.js';
import type { DialectName } from '../../certificate/dialects/dialect.js';
import { goDialect } from '../../certificate/dialects/go-dialect.js';
import type { RenderedTexts, StreamKind } from '../../certificate/rendered-texts.js';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import type { FrameBatch, ServerMessage } from '../encoding/frame-encoding.js';
import type { BlockingSubscribers } from './blocking-subscribers.js';
import type { StreamStats, SubscribedStream, Subscriber } from './subscriber.js';
import { SubscriberGroup } from './subscriber-group.js';
import type { QueueLimits } from './subscriber-queue.js';

/** What the audiences of all streams have in common. */
export interface AudienceOptions {
  readonly maxBatchDelayMs: number;
  readonly limits: QueueLimits;
  readonly blocking: BlockingSubscribers<Subscriber>;
  /** Called whenever messages of a client were dropped. */
  readonly onDrop: (subscriber: Subscriber, count: number) => void;
  /** Closes the connection of a client that cannot keep up. */
  readonly onSlow: (subscriber: Subscriber) => void;
  /** Called with an error that cost clients messages; those are counted as dropped. */
  readonly onError: (error: unknown) => void;
}

/** Consecutive entries of one log and their texts; a `CertificateBatch` is one. */
export interface StreamBatch {
  readonly source: { readonly url: string };
  readonly firstIndex: number;
  texts(kind: StreamKind, dialect: DialectName): RenderedTexts;
  /** The same entries as batches of one each; undefined when there is only one. */
  split(): readonly StreamBatch[] | undefined;
}

const SOURCE_URL: Readonly<Record<DialectName, (url: string) => string>> = {
  go: goDialect.sourceUrl,
  calidog: calidogDialect.sourceUrl,
};

/** The clients of one stream, in a group for each dialect and encoding that a client has. */
export class StreamAudience implements SubscribedStream {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0, closedSlow: 0 };
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
      const { maxBatchDelayMs, onError } = this.options;
      const { options, connection } = subscriber;
      group = new SubscriberGroup(options.dialect, connection.encoding, maxBatchDelayMs, onError);
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
      // Its timer would keep the group and what it has gathered.
      group.flush();
      this.groups.delete(key);
    }
    subscriber.forgetQueue();
  }

  /**
   * Gives its texts to every client, now or within the tick. Texts are written only in the dialects, and encoded only in
   * the encodings, that a client has. When they cannot be made, that costs the entry that is to blame: it is counted as
   * dropped for every client.
   */
  deliver(batch: StreamBatch): void {
    for (const group of this.groups.values()) this.deliverTo(group, batch);
  }

  private deliverTo(group: SubscriberGroup, batch: StreamBatch): void {
    const { dialect, encoding } = group;
    const logUrl = SOURCE_URL[dialect](batch.source.url);
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

  /** Sends a message of the server to every client, except for those that messages wait for. */
  sendAside(message: ServerMessage): void {
    for (const group of this.groups.values()) group.sendAside(group.encoding.encodeMessage(message));
  }

  /** Sends what waits for the end of a tick. */
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
