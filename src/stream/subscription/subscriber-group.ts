import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { FrameEncoding } from '../encoding/frame-encoding.js';
import { SharedSlice, type SlicePart } from './shared-slice.js';
import type { Subscriber } from './subscriber.js';

/** Above this size the gathered messages are sent before the end of the tick. */
const MAX_GATHERED_BYTES = 4 * 1024 * 1024;

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
   * @param maxDelayMs length of a tick; 0 sends everything at once.
   * @param onError is called with an error that kept one client from receiving messages.
   */
  constructor(
    readonly dialect: DialectName,
    readonly encoding: FrameEncoding,
    private readonly maxDelayMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  get size(): number {
    return this.members.size;
  }

  /** Adds a client, which receives the messages from the next one on. */
  join(subscriber: Subscriber): void {
    this.flush();
    this.members.add(subscriber);
    if (subscriber.options.slow === 'block') this.blockers++;
  }

  leave(subscriber: Subscriber): void {
    if (this.members.delete(subscriber) && subscriber.options.slow === 'block') this.blockers--;
  }

  /** Sends frames in the {@link encoding} of this group to every client, at once or at the end of the tick. */
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
  lose(logUrl: string, firstIndex: number, count: number): void {
    this.flush();
    for (const subscriber of this.members) subscriber.lose(logUrl, firstIndex, count);
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
    for (const subscriber of this.members) {
      try {
        subscriber.send((slice ??= new SharedSlice(parts, this.gatheredSince)));
      } catch (error) {
        this.onError(error);
        for (const { logUrl, firstIndex, frames } of parts) subscriber.lose(logUrl, firstIndex, frames.count);
      }
    }
    // A tick begins when all writes are done: while they take longer than a tick, more messages are gathered.
    this.lastFlush = performance.now();
  }
}
