import type { CompressionContext, ContextSharing, FrameBatch } from '../encoding/frame-encoding.js';
import { SharedSlice, type SlicePart } from './shared-slice.js';
import type { Subscriber } from './subscriber.js';

/** Totals of the compression contexts of one stream. A message counts once, however many clients receive it. */
export interface CompressionStats {
  messages: number;
  /** Bytes of the compressed frames. */
  bytes: number;
  /** Bytes of the same frames without compression. */
  plainBytes: number;
  /** Number of times that compression failed and messages were sent without the context. */
  failures: number;
  /** Clients that use a context at the moment. */
  clients: number;
  /** Clients that get messages which are compressed alone: they have just joined or are slow. */
  outsiders: number;
}

/** Returns the totals of a stream that has not compressed anything yet. */
export function noCompression(): CompressionStats {
  return { messages: 0, bytes: 0, plainBytes: 0, failures: 0, clients: 0, outsiders: 0 };
}

/** A client that does not get the messages of the context at the moment. */
interface Outsider {
  /** Octets of text that it was sent in compressed messages since it joined or missed a message. */
  known: number;
  /** Messages that were dropped for it when {@link known} was counted. */
  dropped: number;
}

/**
 * The members of a group whose clients share a compression context. A message of the context refers to the texts in the
 * window before it, however these were compressed. So a client that joins gets messages that are compressed one by one
 * until they fill the window, and then those of the context. No client waits, and the context is never reset.
 *
 * Messages of the context are never queued, because none may be dropped. While a client is slow, it gets messages that are
 * compressed one by one instead.
 */
export class ContextMembers {
  private readonly inside = new Set<Subscriber>();
  private readonly outside = new Map<Subscriber, Outsider>();
  /** Undefined while no client uses it. */
  private context: CompressionContext | undefined;

  /** @param onError is called with an error of the compression. */
  constructor(
    private readonly sharing: ContextSharing,
    private readonly stats: CompressionStats,
    private readonly onError: (error: unknown) => void,
  ) {}

  join(subscriber: Subscriber): void {
    this.expel(subscriber, 0);
  }

  leave(subscriber: Subscriber): void {
    if (this.inside.delete(subscriber)) this.stats.clients--;
    if (this.outside.delete(subscriber)) this.stats.outsiders--;
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
    let alone: SharedSlice | undefined;
    let isPlain = false;
    const sendAlone = (subscriber: Subscriber, from: number): void => {
      alone ??= this.attempt(parts, publishedAt, (frames) => this.sharing.compressEach(frames));
      isPlain ||= alone === undefined;
      alone ??= new SharedSlice(parts, publishedAt);
      subscriber.send(alone, from);
      this.noteSent(subscriber, isPlain ? 0 : textBytes(parts, this.sharing.maxHeader));
    };
    return (subscriber) => {
      if (shared === undefined || !this.inside.has(subscriber)) return sendAlone(subscriber, 0);
      let sent = 0;
      try {
        sent = subscriber.sendUndroppable(shared);
      } finally {
        if (sent < shared.count) this.expel(subscriber, this.sharing.windowBytes);
      }
      if (sent < shared.count) sendAlone(subscriber, sent);
    };
  }

  /** Moves the clients into the context that know all texts to which its next message may refer. */
  private admit(): void {
    if (this.outside.size === 0) return;
    const ready = [...this.outside].filter(([subscriber]) => !subscriber.isBehind);
    const needed = Math.min(this.sharing.windowBytes, this.context?.textBytes ?? 0);
    for (const [subscriber, { known, dropped }] of ready) {
      if (this.context !== undefined && (dropped !== subscriber.stats.dropped || known < needed)) continue;
      this.outside.delete(subscriber);
      this.inside.add(subscriber);
      this.stats.outsiders--;
      this.stats.clients++;
    }
  }

  /** Counts texts that an outsider was sent, from the beginning if it has missed a message. `bytes` is 0 for plain ones. */
  private noteSent(subscriber: Subscriber, bytes: number): void {
    const outsider = this.outside.get(subscriber);
    if (outsider === undefined) return;
    const { dropped } = subscriber.stats;
    outsider.known = bytes === 0 || outsider.dropped !== dropped ? 0 : outsider.known + bytes;
    outsider.dropped = dropped;
  }

  private compress(parts: readonly SlicePart[], publishedAt: number): SharedSlice | undefined {
    const slice = this.attempt(parts, publishedAt, (frames) => {
      this.context ??= this.sharing.createContext();
      return this.context.compress(frames);
    });
    if (slice === undefined) {
      for (const subscriber of this.inside) this.expel(subscriber, this.sharing.windowBytes);
      return undefined;
    }
    this.stats.messages += slice.count;
    this.stats.bytes += slice.length;
    this.stats.plainBytes += textBytes(parts, 0);
    return slice;
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

  private expel(subscriber: Subscriber, known: number): void {
    this.leave(subscriber);
    this.outside.set(subscriber, { known, dropped: subscriber.stats.dropped });
    this.stats.outsiders++;
  }

  private discardContext(): void {
    this.context?.close();
    this.context = undefined;
  }
}

/** Returns the octets of plain frames without `header` octets for each message. */
function textBytes(parts: readonly SlicePart[], header: number): number {
  let bytes = 0;
  for (const { frames } of parts)
    bytes += frames.frameStart[frames.count] - frames.frameStart[0] - header * frames.count;
  return bytes;
}
