import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { DialectName } from '../../certificate/dialects/dialect.js';
import { DIALECTS } from '../../certificate/dialects/dialect-writers.js';
import type { RenderedTexts, StreamKind } from '../../certificate/rendered-texts.js';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import type { ServerMessage } from '../encoding/frame-encoding.js';
import type { FilterIndexOptions } from '../filter/filter-index.js';
import { BatchFrames } from './batch-frames.js';
import type { BlockingSubscribers } from './blocking-subscribers.js';
import { FilteredGroups, type Turn } from './filtered-groups.js';
import type { SlicePart } from './shared-slice.js';
import type { StreamStats, SubscribedStream } from './subscribed-stream.js';
import type { Subscriber } from './subscriber.js';
import { type GroupOptions, SubscriberGroup } from './subscriber-group.js';
import type { EntryRun, QueueLimits } from './subscriber-queue.js';

/** Options that the audiences of all streams share. */
export interface AudienceOptions {
  readonly maxBatchDelayMs: number;
  readonly limits: QueueLimits;
  /** Resolves when a step of a large filter may run. */
  readonly turn: Turn;
  /** Bounds on the filters of each stream. */
  readonly filters: FilterIndexOptions;
  readonly cursorOf: (place: BatchPlace) => string;
  readonly blocking: BlockingSubscribers<Subscriber>;
  /** Is called each time messages of a client were dropped. */
  readonly onDrop: (subscriber: Subscriber, count: number) => void;
  /** Closes the connection of a client that cannot keep up. */
  readonly onSlow: (subscriber: Subscriber) => void;
  /** Ends the stream of a client that has got as many messages as it wanted. */
  readonly onEnd: (subscriber: Subscriber) => void;
  /** Is called with an error that made clients miss messages, which were counted as dropped. */
  readonly onError: (error: unknown) => void;
}

/** Consecutive entries of one log and their texts, such as a `CertificateBatch`. */
export interface StreamBatch {
  readonly source: { readonly url: string };
  readonly firstIndex: number;
  readonly count: number;
  /** Undefined when the journal already held the entries. */
  readonly place?: BatchPlace;
  readonly entries: EntryBatch;
  texts(kind: StreamKind, dialect: DialectName): RenderedTexts;
  /** Whether the texts of all entries are already written. */
  hasTexts(kind: StreamKind, dialect: DialectName): boolean;
  /** Returns the entry `i` as a batch. */
  single(i: number): StreamBatch;
}

/** A receiver of frames in one dialect and encoding, such as a group. */
export interface FrameReceiver {
  readonly options: Pick<GroupOptions, 'dialect' | 'encoding'>;
  publish(part: SlicePart): void;
  /** Receives entries that cannot be sent. */
  lose(...run: EntryRun): void;
}

/** The clients of one stream, in a group for each combination of their choices. */
export class StreamAudience implements SubscribedStream<Subscriber> {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0, closedSlow: 0 };
  readonly delays = new DelayHistogram();
  readonly limits: QueueLimits;
  readonly blocking: BlockingSubscribers<Subscriber>;
  readonly cursorOf: (place: BatchPlace) => string;
  readonly filtered: FilteredGroups;
  private readonly members = new Set<Subscriber>();
  private readonly groups = new Map<string, SubscriberGroup>();
  /** The group of each client that gets published entries. */
  private readonly groupOf = new Map<Subscriber, SubscriberGroup>();

  constructor(
    readonly kind: StreamKind,
    private readonly options: AudienceOptions,
  ) {
    this.limits = options.limits;
    this.blocking = options.blocking;
    this.cursorOf = options.cursorOf;
    this.filtered = new FilteredGroups(options.turn, options.filters);
  }

  get clients(): ReadonlySet<Subscriber> {
    return this.members;
  }

  /** Adds a client, which gets no entries until {@link attach}. */
  enter(subscriber: Subscriber): void {
    this.members.add(subscriber);
    this.stats.connections++;
  }

  leave(subscriber: Subscriber): void {
    this.members.delete(subscriber);
    this.detach(subscriber);
    subscriber.forgetQueue();
  }

  /** Sends the client all entries that are published from now on. Its filter must be held ({@link FilteredGroups.hold}). */
  attach(subscriber: Subscriber): void {
    const options = groupOptions(subscriber);
    const { key } = options;
    let group = this.groups.get(key);
    if (group === undefined) {
      const { maxBatchDelayMs, onError } = this.options;
      group = new SubscriberGroup(options, maxBatchDelayMs, onError);
      this.groups.set(key, group);
      if (options.filter !== undefined) this.filtered.addGroup(options.filter, group);
    }
    group.join(subscriber);
    this.groupOf.set(subscriber, group);
  }

  /** Sends the client what was published before, and nothing afterwards. */
  detach(subscriber: Subscriber): void {
    const group = this.groupOf.get(subscriber);
    if (group === undefined) return;
    this.groupOf.delete(subscriber);
    group.flush();
    group.leave(subscriber);
    if (group.size > 0) return;
    const { key, filter } = group.options;
    this.groups.delete(key);
    if (filter !== undefined) this.filtered.removeGroup(filter, group);
  }

  /**
   * Sends the texts of the batch to every client that wants them, at once or at the end of the tick. Texts are written and encoded
   * only in the dialects and encodings that a client has. When a text cannot be written, only the entry that causes
   * the error is dropped, and counted as dropped for every client.
   */
  deliver(batch: StreamBatch): void {
    const frames = new Map<string, BatchFrames>();
    for (const group of this.groups.values())
      if (group.options.filter === undefined) this.deliverTo(group, batch, frames);
    if (this.filtered.size === 0) return;
    this.filtered.match(batch.entries, (group, positions) => this.deliverTo(group, batch, frames, positions));
  }

  /** @param positions of the entries that the filter of the group matches, ascending. */
  private deliverTo(
    group: SubscriberGroup,
    batch: StreamBatch,
    frames: Map<string, BatchFrames>,
    positions?: ArrayLike<number>,
  ): void {
    const { only, hasCursors } = group.options;
    if (hasCursors && batch.place === undefined) return;
    const chosen = only === undefined ? positions : only.selection.choose(batch, positions);
    if (chosen?.length === 0) return;
    this.sendTo(group, batch, chosen, frames);
    if (only?.selection.remaining === 0) this.end(only);
  }

  /** Ends the stream of a client that has got as many messages as it wanted. */
  end(subscriber: Subscriber): void {
    this.detach(subscriber);
    this.options.onEnd(subscriber);
  }

  /**
   * Passes the frames of entries to a receiver in order. An entry whose text cannot be written is passed as lost.
   * @param positions ascending; undefined for all entries.
   * @param frames of the batch that were made before, by dialect and encoding.
   */
  sendTo(
    receiver: FrameReceiver,
    batch: StreamBatch,
    positions?: ArrayLike<number>,
    frames = new Map<string, BatchFrames>(),
  ): void {
    const { dialect, encoding } = receiver.options;
    const logUrl = DIALECTS[dialect].sourceUrl(batch.source.url);
    const key = `${dialect} ${encoding.name}`;
    let known = frames.get(key);
    if (known === undefined) frames.set(key, (known = this.framesOf(batch, receiver, logUrl)));
    let parts: readonly SlicePart[];
    try {
      parts = positions === undefined ? [known.all()] : known.at(positions);
    } catch (error) {
      if (batch.count > 1) {
        const wanted = positions ?? Array.from({ length: batch.count }, (_, i) => i);
        for (let k = 0; k < wanted.length; k++) this.sendTo(receiver, batch.single(wanted[k]));
        return;
      }
      this.options.onError(error);
      return receiver.lose(logUrl, batch.firstIndex, 1, batch.place);
    }
    for (const part of parts) receiver.publish(part);
  }

  private framesOf(batch: StreamBatch, { options }: FrameReceiver, logUrl: string): BatchFrames {
    const { dialect, encoding } = options;
    const { kind } = this;
    const { firstIndex, count, place } = batch;
    const texts = {
      firstIndex,
      count,
      place,
      get isWritten() {
        return batch.hasTexts(kind, dialect);
      },
      all: () => batch.texts(kind, dialect),
      one: (i: number) => batch.single(i).texts(kind, dialect),
    };
    return new BatchFrames(texts, encoding, logUrl);
  }

  /** Sends a message about the stream to every client without waiting messages. */
  sendAside(message: ServerMessage): void {
    for (const group of this.groups.values()) group.sendAside(group.options.encoding.encodeMessage(message));
  }

  /** Sends the messages that wait for the end of a tick to a client and its group. */
  flushFor(subscriber: Subscriber): void {
    this.groupOf.get(subscriber)?.flush();
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

function groupOptions(subscriber: Subscriber): GroupOptions {
  const { id, connection, options } = subscriber;
  const { filter, isParticular } = subscriber.selection;
  const { dialect, hasCursors } = options;
  const { encoding } = connection;
  const choices = [dialect, encoding.name, hasCursors, filter?.key, isParticular ? id : undefined];
  const only = isParticular ? subscriber : undefined;
  return { key: choices.join(' '), dialect, encoding, filter, hasCursors, only };
}
