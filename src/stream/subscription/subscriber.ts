import type { SlowClientPolicy } from '../../config/sections/stream.js';
import type { ServerMessage } from '../encoding/frame-encoding.js';
import type { Connection } from './connection.js';
import { MeteredConnection } from './metered-connection.js';
import { PendingGaps } from './pending-gaps.js';
import { Selection } from './selection.js';
import { PIECE, type SharedSlice } from './shared-slice.js';
import type { StreamOptions } from './stream-options.js';
import type { SubscribedStream, SubscriberStats } from './subscribed-stream.js';
import { type EntryRun, type QueueLimits, SubscriberQueue } from './subscriber-queue.js';

let ids = 0;

/**
 * One client of a stream. It writes messages to its connection and holds those that the connection cannot take in a
 * bounded queue. A client that keeps up has no queue, no listener and no timer.
 */
export class Subscriber {
  private readonly meter: MeteredConnection;
  /** Unique in this process. */
  readonly id = ++ids;
  readonly selection: Selection;
  private draining: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  private queue: SubscriberQueue | undefined;
  private readonly gaps: PendingGaps;
  private policy: SlowClientPolicy;

  /** @param address `ip:port` for log lines and metrics. */
  constructor(
    readonly connection: Connection,
    readonly address: string,
    readonly stream: SubscribedStream<Subscriber>,
    readonly options: StreamOptions,
  ) {
    this.policy = options.slow;
    this.selection = new Selection(options);
    this.gaps = new PendingGaps((place) => stream.cursorOf(place));
    this.meter = new MeteredConnection(connection, stream);
  }

  get stats(): SubscriberStats {
    return this.meter.stats;
  }

  /** Messages that wait for the connection. */
  get backlog(): number {
    return this.queue?.messages ?? 0;
  }

  /** Bytes that wait for the connection. */
  get backlogBytes(): number {
    return this.queue?.bytes ?? 0;
  }

  /** Whether messages wait for the connection, or as many octets as a piece are unsent. */
  get isBehind(): boolean {
    return this.queue !== undefined || this.connection.unsentBytes >= PIECE;
  }

  /**
   * Writes the messages from index `from` on, or queues them when the connection is full or older messages wait.
   */
  send(slice: SharedSlice, from = 0): void {
    const { connection } = this;
    if (!connection.isOpen) return;
    this.meter.noteSent();
    const { whole } = slice;
    if (this.queue !== undefined || connection.isFull || whole === undefined || from > 0)
      return this.enqueue(slice, from);
    this.writeGap();
    this.writeUnavailable();
    this.write(whole, slice.count, slice.publishedAt);
  }

  /**
   * Writes messages without queueing any, until the client {@link isBehind}.
   * @returns the number of messages that were written; all of them when the connection is closing.
   */
  sendUndroppable(slice: SharedSlice): number {
    if (!this.connection.isOpen) return slice.count;
    this.meter.noteSent();
    let from = 0;
    while (from < slice.count && !this.isBehind) {
      this.writeGap();
      this.writeUnavailable();
      const { bytes, count } = slice.pieceFrom(from);
      this.write(bytes, count, slice.publishedAt);
      from += count;
    }
    return from;
  }

  /** Counts entries that the server could not send as dropped, and adds them to the next gap message. */
  lose(...run: EntryRun): void {
    if (this.queue?.noteLost(run) !== true) this.addGap(...run);
    const [, , count] = run;
    this.selection.noteLoss();
    this.stats.dropped += count;
    this.stream.stats.dropped += count;
  }

  /** Sends a gap message about entries that the log did not deliver, if the client wants events, after the messages that wait. */
  reportUnavailable(...run: EntryRun): void {
    if (!this.options.events || !this.connection.isOpen) return;
    this.gaps.addUnavailable(run);
    if (this.queue === undefined && !this.connection.isFull) this.writeUnavailable();
  }

  /** Writes octets that are not a message of the stream, unless messages wait for the client. */
  sendAside(octets: Buffer): void {
    if (!this.connection.isOpen || this.queue !== undefined || this.connection.isFull) return;
    this.write(octets, 0);
  }

  /** Writes messages of a replay, which waits for the connection itself. @param octets whole messages. */
  sendReplayed(octets: Buffer, count: number): void {
    if (!this.connection.isOpen) return;
    this.writeGap();
    this.write(octets, count);
  }

  /**
   * Resolves when the connection has sent everything or ends, or at the next call; undefined when it is not full and no messages wait.
   */
  whenDrained(): Promise<void> | undefined {
    const { connection } = this;
    if (!connection.isOpen || (this.queue === undefined && !connection.isFull)) return undefined;
    connection.awaitDrain(this);
    if (this.draining === undefined) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      this.draining = { promise, resolve };
    }
    return this.draining.promise;
  }

  /** Writes a message that is not an entry, whatever waits for the client. */
  sendMessage(message: ServerMessage): void {
    if (this.connection.isOpen) this.write(this.connection.encoding.encodeMessage(message), 0);
  }

  /** Writes all waiting messages to the connection, without regard to its size. Nothing may be sent after that. */
  finish(): void {
    if (this.connection.isOpen) {
      while (this.queue !== undefined && this.queue.messages > 0) this.writeOldest(this.queue);
      this.writeGap();
      this.writeUnavailable();
    }
    this.forgetQueue();
  }

  /** Changes the policy to `drop`, and drops messages at once if too many wait. */
  stopBlocking(): void {
    this.policy = 'drop';
    const { queue } = this;
    if (queue !== undefined) this.orFail(() => this.shrink(queue, this.stream.limits));
  }

  /**
   * Runs `work` on the waiting messages. If it throws, counts them as dropped and cuts the connection, so that the
   * client can reconnect. The callers could not account for these messages.
   */
  private orFail(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.queue !== undefined) this.countDropped(this.queue.messages);
      this.forgetQueue();
      this.stream.reportError(error);
      this.connection.terminate();
    }
  }

  /** Discards the waiting messages. Called when the connection has ended or is closing. */
  forgetQueue(): void {
    this.queue = undefined;
    this.gaps.clear();
    this.stopWaiting();
  }

  private stopWaiting(): void {
    this.draining?.resolve();
    this.draining = undefined;
    this.connection.stopAwaitingDrain();
    this.stream.blocking.release(this);
  }

  /** Continues after the connection has sent everything. */
  drained(): void {
    this.orFail(() => this.resume());
  }

  private resume(): void {
    this.meter.noteSent();
    const { queue } = this;
    if (queue !== undefined) this.writeQueue(queue);
    if (this.queue === undefined && this.meter.isIdle) this.stopWaiting();
  }

  private enqueue(slice: SharedSlice, from: number): void {
    const queue = (this.queue ??= new SubscriberQueue());
    queue.push(slice, from);
    this.orFail(() => this.settle(queue, slice));
  }

  /** Writes what the connection takes, then applies the policy if too many messages wait. `slice` was queued last. */
  private settle(queue: SubscriberQueue, slice: SharedSlice): void {
    this.writeQueue(queue);
    if (this.queue === undefined) return;
    this.connection.awaitDrain(this);
    const { messages, bytes } = this.stream.limits;
    if (this.policy === 'block' && (queue.messages * 2 > messages || queue.bytes * 2 > bytes)) {
      if (!this.stream.blocking.hold(this)) this.policy = 'drop';
    }
    const allowed = {
      messages: messages + Math.min(slice.count, queue.messages),
      bytes: bytes + Math.min(slice.length, queue.bytes),
    };
    if (queue.messages <= allowed.messages && queue.bytes <= allowed.bytes) return;
    if (this.policy === 'close') this.giveUp(queue);
    else this.shrink(queue, allowed);
  }

  private giveUp(queue: SubscriberQueue): void {
    this.countDropped(queue.messages);
    this.forgetQueue();
    this.stream.closeSlow(this);
  }

  private shrink(queue: SubscriberQueue, { messages, bytes }: QueueLimits): void {
    const dropped = queue.shrink(messages, bytes, (...run) => this.addGap(...run));
    if (dropped > 0) this.countDropped(dropped);
  }

  private countDropped(count: number): void {
    this.selection.noteLoss();
    this.stats.dropped += count;
    this.stream.countDropped(this, count);
  }

  private writeQueue(queue: SubscriberQueue): void {
    if (!this.connection.isOpen) return this.forgetQueue();
    while (queue.messages > 0) {
      if (this.connection.isFull) return;
      this.writeOldest(queue);
    }
    // The messages after the gap may have been dropped as well.
    this.writeGap();
    this.writeUnavailable();
    this.queue = undefined;
    this.stream.blocking.release(this);
  }

  private writeOldest(queue: SubscriberQueue): void {
    this.writeGap();
    const { bytes, count, publishedAt, lost } = queue.take();
    this.write(bytes, count, publishedAt);
    for (const run of lost) this.addGap(...run);
  }

  private addGap(...run: EntryRun): void {
    if (this.options.events) this.gaps.addMissed(run);
  }

  private writeGap(): void {
    const message = this.gaps.takeMissed();
    if (message !== undefined) this.sendMessage(message);
  }

  private writeUnavailable(): void {
    const message = this.gaps.takeUnavailable(this.selection.isWhole);
    if (message !== undefined) this.sendMessage(message);
  }

  private write(octets: Buffer, count: number, publishedAt?: number): void {
    if (this.meter.write(octets, count, publishedAt)) this.connection.awaitDrain(this);
  }
}
