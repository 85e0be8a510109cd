import type { CompressionContext, ContextSharing, FrameBatch } from '../encoding/frame-encoding.js';
import { SharedSlice, type SlicePart } from './shared-slice.js';
import type { CompressionStats } from './stream-stats.js';
import type { Subscriber } from './subscriber.js';

/** Longest time in milliseconds that a client waits for a reset of the context while messages are sent. */
const MAX_WAIT_MS = 250;

/** A client that does not use the context until its next reset. */
interface Outsider {
  /** When the client joined the group; undefined for a client that was too slow for the context. */
  readonly joinedAt: number | undefined;
}

/**
 * The members of a group whose clients share a compression context. A client begins to use the context at a reset, until
 * then it gets plain messages. A client that is too slow leaves the context before messages have to wait for it, so its
 * queue never holds messages of the context. It gets messages that are compressed one by one until a later reset.
 *
 * The context is reset only for a client that can begin to use it: after `epochMessages` messages or after 250 ms.
 */
export class ContextMembers {
  private readonly inside = new Set<Subscriber>();
  private readonly outside = new Map<Subscriber, Outsider>();
  /** Undefined while no client uses it. */
  private context: CompressionContext | undefined;

  /** @param onError is called with an error of the compression. */
  constructor(
    private readonly sharing: ContextSharing,
    private readonly epochMessages: number,
    private readonly stats: CompressionStats,
    private readonly onError: (error: unknown) => void,
  ) {}

  join(subscriber: Subscriber): void {
    this.expel(subscriber, performance.now());
  }

  leave(subscriber: Subscriber): void {
    if (this.inside.delete(subscriber)) this.stats.clients--;
    if (this.outside.delete(subscriber)) this.stats.waiting--;
    if (this.inside.size === 0) this.discardContext();
  }

  /**
   * Prepares the messages for sending.
   * @param parts plain frames.
   * @returns a function that must be called for every client of the group in the same tick.
   */
  prepare(parts: readonly SlicePart[], publishedAt: number): (subscriber: Subscriber) => void {
    this.admit();
    const shared = this.inside.size === 0 ? undefined : this.compress(parts, publishedAt);
    let plain: SharedSlice | undefined;
    let alone: SharedSlice | undefined;
    const inPlain = (): SharedSlice => (plain ??= new SharedSlice(parts, publishedAt));
    const outsideForm = (subscriber: Subscriber): SharedSlice => {
      if (this.outside.get(subscriber)?.joinedAt !== undefined) return inPlain();
      return (alone ??= this.compressEach(parts, publishedAt) ?? inPlain());
    };
    return (subscriber) => {
      if (shared === undefined || !this.inside.has(subscriber))
        return subscriber.send(outsideForm(subscriber));
      let sent = 0;
      try {
        sent = subscriber.sendUndroppable(shared);
      } finally {
        if (sent < shared.count) this.expel(subscriber);
      }
      if (sent < shared.count) subscriber.send(outsideForm(subscriber), sent);
    };
  }

  /** Resets the context when a client should begin to use it. */
  private admit(): void {
    if (this.outside.size === 0) return;
    const ready = [...this.outside].filter(([subscriber]) => !subscriber.isBehind);
    if (ready.length === 0 || !this.isResetDue(ready.map(([, outsider]) => outsider))) return;
    if (this.context !== undefined) {
      this.context.reset();
      this.stats.resets++;
    }
    for (const [subscriber] of ready) {
      this.outside.delete(subscriber);
      this.inside.add(subscriber);
    }
    this.stats.clients += ready.length;
    this.stats.waiting -= ready.length;
  }

  private isResetDue(ready: readonly Outsider[]): boolean {
    if (this.context === undefined || this.context.messages >= this.epochMessages) return true;
    const since = performance.now() - MAX_WAIT_MS;
    return ready.some(({ joinedAt = Infinity }) => joinedAt <= since);
  }

  private compress(parts: readonly SlicePart[], publishedAt: number): SharedSlice | undefined {
    const slice = this.attempt(parts, publishedAt, (frames) => {
      this.context ??= this.sharing.createContext();
      return this.context.compress(frames);
    });
    if (slice === undefined) {
      for (const subscriber of this.inside) this.expel(subscriber, performance.now());
      return undefined;
    }
    this.stats.messages += slice.count;
    this.stats.bytes += slice.length;
    for (const { frames } of parts)
      this.stats.plainBytes += frames.frameStart[frames.count] - frames.frameStart[0];
    return slice;
  }

  private compressEach(parts: readonly SlicePart[], publishedAt: number): SharedSlice | undefined {
    return this.attempt(parts, publishedAt, (frames) => this.sharing.compressEach(frames));
  }

  /** @returns undefined when `encode` fails, which is counted and reported. */
  private attempt(
    parts: readonly SlicePart[],
    publishedAt: number,
    encode: (frames: FrameBatch) => FrameBatch,
  ): SharedSlice | undefined {
    try {
      const encoded = parts.map((part) => ({ ...part, frames: encode(part.frames) }));
      return new SharedSlice(encoded, publishedAt);
    } catch (error) {
      this.stats.failures++;
      this.onError(error);
      return undefined;
    }
  }

  private expel(subscriber: Subscriber, joinedAt?: number): void {
    this.leave(subscriber);
    this.outside.set(subscriber, { joinedAt });
    this.stats.waiting++;
  }

  private discardContext(): void {
    this.context?.close();
    this.context = undefined;
  }
}
