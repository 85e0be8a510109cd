import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import type { FrameEncoding } from '../encoding/frame-encoding.js';
import type { ContextMembers } from './context-members.js';
import { SharedSlice, type SlicePart } from './shared-slice.js';
import type { Subscriber } from './subscriber.js';
import type { EntryRun } from './subscriber-queue.js';

/** Above this size the gathered messages are sent before the end of the tick. */
const MAX_GATHERED_BYTES = 4 * 1024 * 1024;

/** The choices that all clients of a group share. */
export interface GroupOptions {
  /** Equal for clients with the same choices. */
  readonly key: string;
  readonly dialect: DialectName;
  /** `?enrich=1` */
  readonly enrich: boolean;
  readonly encoding: FrameEncoding;
  readonly filter: EntryFilter | undefined;
  /** Whether the clients get cursors. They get no entry twice under different cursors. */
  readonly hasCursors: boolean;
  /** The only client of the group, if the entries that it gets depend on those that it got before. */
  readonly only: Subscriber | undefined;
}

/**
 * The clients of one stream with the same dialect and encoding, which receive the same octets. Messages that are
 * published within one tick go to each client in one write. The first message after a quiet tick is sent at once.
 * Later ones are gathered until the tick is over.
 */
export class SubscriberGroup {
  private readonly members = new Set<Subscriber>();
  /**
   * Number of clients that may block the logs. With such a client nothing is gathered, so that a full connection is
   * noticed at once.
   */
  private blockers = 0;
  private gathered: SlicePart[] = [];
  private gatheredBytes = 0;
  private gatheredSince = 0;
  private lastFlush = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private readonly onTimer = (): void => this.flush();

  /**
   * @param options the choices of all clients of the group.
   * @param maxDelayMs length of a tick; 0 sends everything at once.
   * @param onError is called with an error that kept one client from receiving messages.
   * @param context if the clients share a compression context.
   */
  constructor(
    readonly options: GroupOptions,
    private readonly maxDelayMs: number,
    private readonly onError: (error: unknown) => void,
    private readonly context?: ContextMembers,
  ) {}

  get size(): number {
    return this.members.size;
  }

  /** Adds a client, which receives the messages from the next one on. */
  join(subscriber: Subscriber): void {
    this.flush();
    this.members.add(subscriber);
    this.context?.join(subscriber);
    if (subscriber.options.slow === 'block') this.blockers++;
  }

  leave(subscriber: Subscriber): void {
    this.context?.leave(subscriber);
    if (this.members.delete(subscriber) && subscriber.options.slow === 'block') this.blockers--;
  }

  /** Sends frames in the encoding of this group to every client, at once or at the end of the tick. */
  publish(part: SlicePart): void {
    const now = performance.now();
    if (this.gathered.length === 0) this.gatheredSince = now;
    this.gathered.push(part);
    const { frameStart, count } = part.frames;
    this.gatheredBytes += frameStart[count] - frameStart[0];
    const isMuch = this.gatheredBytes > MAX_GATHERED_BYTES;
    if (this.timer !== undefined && !isMuch) return;
    const wait = this.lastFlush + this.maxDelayMs - now;
    if (wait <= 0 || this.blockers > 0 || isMuch) this.flush();
    else this.timer = setTimeout(this.onTimer, wait).unref();
  }

  /** Counts entries that cannot be sent as dropped for each client, and adds them to its next gap message. */
  lose(...run: EntryRun): void {
    this.flush();
    for (const subscriber of this.members) subscriber.lose(...run);
  }

  /** Sends a gap message about entries that the log did not deliver to each client with events, after the gathered messages. */
  reportUnavailable(...run: EntryRun): void {
    this.flush();
    for (const subscriber of this.members) subscriber.reportUnavailable(...run);
  }

  /** Sends octets that are not a message of the stream, after the gathered messages. */
  sendAside(octets: Buffer): void {
    this.flush();
    for (const subscriber of this.members) subscriber.sendAside(octets);
  }

  /** Sends the gathered messages. An error makes only the client that causes it miss these messages. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const parts = this.gathered;
    if (parts.length === 0) return;
    this.gathered = [];
    this.gatheredBytes = 0;
    let slice: SharedSlice | undefined;
    const send =
      this.context?.prepare(parts, this.gatheredSince) ??
      ((subscriber: Subscriber) => subscriber.send((slice ??= new SharedSlice(parts, this.gatheredSince))));
    for (const subscriber of this.members) {
      try {
        send(subscriber);
      } catch (error) {
        this.onError(error);
        for (const { logUrl, firstIndex, frames, place } of parts)
          subscriber.lose(logUrl, firstIndex, frames.count, place);
      }
    }
    // A tick begins when all writes are done: while they take longer than a tick, more messages are gathered.
    this.lastFlush = performance.now();
  }
}
