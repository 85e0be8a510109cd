import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { FrameEncoding } from '../encoding/frame-encoding.js';
import { SharedSlice, type SlicePart } from './shared-slice.js';
import type { Subscriber } from './subscriber.js';

/** More than this is sent before the tick is over. */
const MAX_GATHERED_BYTES = 4 * 1024 * 1024;

/**
 * The clients that are sent the same octets: those of one stream with the same dialect and encoding. What is published
 * within one tick goes to each of them in one write. The first after a quiet tick is sent at once; what follows is
 * gathered until the tick is over.
 */
export class SubscriberGroup {
  private readonly members = new Set<Subscriber>();
  /** Clients that may let the logs wait: they must know at once what is published. */
  private blockers = 0;
  private gathered: SlicePart[] = [];
  private gatheredBytes = 0;
  private gatheredSince = 0;
  private lastFlush = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private readonly onTimer = (): void => this.flush();

  /**
   * @param maxDelayMs length of a tick; 0 to send everything at once.
   * @param onError called with an error that kept one client from getting what was published.
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

  /** From the next message on. */
  join(subscriber: Subscriber): void {
    this.flush();
    this.members.add(subscriber);
    if (subscriber.options.slow === 'block') this.blockers++;
  }

  leave(subscriber: Subscriber): void {
    if (this.members.delete(subscriber) && subscriber.options.slow === 'block') this.blockers--;
  }

  /** Sends the frames, which are in the {@link encoding}, to every client, now or at the end of the tick. */
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

  /** Entries that cannot be sent: they are counted as dropped for each client, and named in its next gap message. */
  lose(logUrl: string, firstIndex: number, count: number): void {
    this.flush();
    for (const subscriber of this.members) subscriber.lose(logUrl, firstIndex, count);
  }

  /** Sends octets that are no message of the stream, after what was gathered. */
  sendAside(octets: Buffer): void {
    this.flush();
    for (const subscriber of this.members) subscriber.sendAside(octets);
  }

  /** Sends what was gathered. An error costs the client that it concerns these messages, and no other client anything. */
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
    // From the end of the work: when it takes longer than a tick, more is gathered meanwhile.
    this.lastFlush = performance.now();
  }
}
