import type { BatchPlace } from '../../certificate/entry-batch.js';
import { DIALECTS } from '../../certificate/dialects/dialect-writers.js';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import type { LostRecords } from '../../feed/certificate-feed.js';
import type { UnavailableEntries } from '../../feed/journal/entry-journal.js';
import type { ServerMessage } from '../encoding/frame-encoding.js';
import type { FilterIndexOptions } from '../../filter/filter-index.js';
import type { UniqueWindow } from '../../unique/unique-window.js';
import { canMatchLog } from '../../filter/reference-match.js';
import { BatchDelivery, type StreamBatch } from './batch-delivery.js';
import type { BlockingSubscribers } from './blocking-subscribers.js';
import { ContextMembers, noCompression } from './context-members.js';
import { FilteredGroups, type Turn } from './filtered-groups.js';
import { expiredMessage } from './stream-events.js';
import type { StreamStats, SubscribedStream } from './subscribed-stream.js';
import type { Subscriber } from './subscriber.js';
import { type GroupOptions, SubscriberGroup } from './subscriber-group.js';
import type { QueueLimits } from './subscriber-queue.js';

/** Options that the audiences of all streams share. */
export interface AudienceOptions {
  readonly maxBatchDelayMs: number;
  readonly limits: QueueLimits;
  /** Resolves when a step of a large filter may run. */
  readonly turn: Turn;
  /** The certificates that were published, for clients that want each once. */
  readonly unique: UniqueWindow;
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
  /** Is called with an error of a compression context, which made no client miss messages. */
  readonly onCompressionError: (error: unknown) => void;
}

/** The clients of one stream, in a group for each combination of their choices. */
export class StreamAudience implements SubscribedStream<Subscriber> {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0, closedSlow: 0 };
  readonly compression = noCompression();
  readonly delays = new DelayHistogram();
  readonly limits: QueueLimits;
  readonly blocking: BlockingSubscribers<Subscriber>;
  readonly cursorOf: (place: BatchPlace) => string;
  readonly filtered: FilteredGroups;
  private readonly members = new Set<Subscriber>();
  private readonly groups = new Map<string, SubscriberGroup>();
  /** The groups without a filter. */
  private readonly unfiltered = new Set<SubscriberGroup>();
  /** The deliveries of batches that clients replay. */
  private readonly replayed = new WeakMap<StreamBatch, BatchDelivery>();
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
      const { maxBatchDelayMs, onError, onCompressionError } = this.options;
      const { sharing } = options.encoding;
      const context = sharing && new ContextMembers(sharing, this.compression, onCompressionError);
      group = new SubscriberGroup(options, maxBatchDelayMs, onError, context);
      this.groups.set(key, group);
      if (options.filter === undefined) this.unfiltered.add(group);
      else this.filtered.addGroup(options.filter, group);
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
    if (filter === undefined) this.unfiltered.delete(group);
    else this.filtered.removeGroup(filter, group);
  }

  /**
   * Sends the texts of the batch to every client that wants them, at once or at the end of the tick. Texts are written and encoded
   * only in the dialects and encodings that a client has. When a text cannot be written, only the entry that causes
   * the error is dropped, and counted as dropped for every client.
   */
  deliver(batch: StreamBatch): void {
    const delivery = this.newDelivery(batch);
    const { unique } = this.options;
    if (unique.hasClients) unique.observe(batch);
    for (const group of this.unfiltered) this.deliverTo(group, delivery);
    if (this.filtered.size === 0) return;
    this.filtered.match(batch.entries, (group, positions) => this.deliverTo(group, delivery, positions));
  }

  /** Returns the delivery of a batch to clients that replay, the same one for all of them. */
  replayOf(batch: StreamBatch): BatchDelivery {
    const known = this.replayed.get(batch) ?? this.newDelivery(batch);
    this.replayed.set(batch, known);
    return known;
  }

  private newDelivery(batch: StreamBatch): BatchDelivery {
    return new BatchDelivery(this.kind, batch, this.options.onError);
  }

  /** @param positions of the entries that the filter of the group matches, ascending. */
  private deliverTo(group: SubscriberGroup, delivery: BatchDelivery, positions?: ArrayLike<number>): void {
    const { only, hasCursors } = group.options;
    const { batch } = delivery;
    if (hasCursors && batch.place === undefined) return;
    const chosen = only === undefined ? positions : this.choose(only, batch, positions);
    if (chosen?.length === 0) return;
    delivery.sendTo(group, chosen);
    if (only?.selection.remaining === 0) this.end(only);
  }

  /**
   * Returns the positions of the entries that a client gets, ascending, and counts them as sent.
   * @param positions of the entries that its filter matches; undefined for all.
   */
  choose({ selection }: Subscriber, batch: StreamBatch, positions?: ArrayLike<number>): ArrayLike<number> {
    const matching = positions ?? Array.from({ length: batch.count }, (_, i) => i);
    const { unique } = this.options;
    const fresh = selection.unique
      ? selection.withoutRepeated(batch, matching, unique.observe(batch))
      : matching;
    unique.suppressed[this.kind] += matching.length - fresh.length;
    return selection.take(fresh);
  }

  /** Ends the stream of a client that has got as many messages as it wanted. */
  end(subscriber: Subscriber): void {
    this.detach(subscriber);
    this.options.onEnd(subscriber);
  }

  /** Sends a gap message to every live client with events whose filter can match entries of the log. */
  reportUnavailable({ source, from, to }: UnavailableEntries): void {
    for (const group of this.groups.values()) {
      const { dialect, filter } = group.options;
      if (filter !== undefined && !canMatchLog(filter, source)) continue;
      group.reportUnavailable(DIALECTS[dialect].sourceUrl(source.url), from, to - from);
    }
  }

  /** Sends a gap message to every live client with events, after the messages of the entries before the gap. */
  reportLost({ from, to }: LostRecords): void {
    this.flush();
    for (const subscriber of this.groupOf.keys())
      if (subscriber.options.events) subscriber.sendMessage(expiredMessage(from, to, to));
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
  const { dialect, enrich, hasCursors } = options;
  // Clients that receive only some of the messages cannot share a context.
  const isPartial = filter !== undefined || isParticular;
  const encoding = (isPartial ? connection.encoding.sharing?.alone : undefined) ?? connection.encoding;
  const choices = [dialect, enrich, encoding.name, hasCursors, filter?.key, isParticular ? id : undefined];
  const only = isParticular ? subscriber : undefined;
  return { key: choices.join(' '), dialect, enrich, encoding, filter, hasCursors, only };
}
