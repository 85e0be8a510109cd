import { compressFrames, type TextFrames } from './compressed-frames.js';
import type { FrameBatch } from './frame-batch.js';
import { SharedSlice, type SlicePart } from './shared-slice.js';
import type { StreamClient } from './stream-client.js';

/** Frames as they are published: a {@link SlicePart} that can still be compressed. */
export interface PublishedFrames extends SlicePart {
  readonly frames: TextFrames;
}

/** More than this is sent before the tick is over. */
const MAX_GATHERED_BYTES = 4 * 1024 * 1024;

/** Compressed at most once, also when two dialects share the texts. */
const compressedFrames = new WeakMap<TextFrames, FrameBatch>();

/**
 * The clients that are sent the same bytes but for compression. What is published within one tick goes to each of
 * them in one write. The first after a quiet tick is sent at once; what follows is gathered until the tick is over.
 */
export class ClientGroup {
  private readonly members = new Set<StreamClient>();
  /** Clients that may let the logs wait: they must know at once what is published. */
  private blockers = 0;
  private gathered: PublishedFrames[] = [];
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
    private readonly maxDelayMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  get clients(): ReadonlySet<StreamClient> {
    return this.members;
  }

  /** From the next message on. */
  join(client: StreamClient): void {
    this.flush();
    this.members.add(client);
    if (client.options.slow === 'block') this.blockers++;
  }

  leave(client: StreamClient): void {
    if (this.members.delete(client) && client.options.slow === 'block') this.blockers--;
  }

  /** Sends the frames to every client, now or at the end of the tick. */
  publish(frames: PublishedFrames): void {
    const now = performance.now();
    if (this.gathered.length === 0) this.gatheredSince = now;
    this.gathered.push(frames);
    const { frameStart, count } = frames.frames;
    this.gatheredBytes += frameStart[count] - frameStart[0];
    const isMuch = this.gatheredBytes > MAX_GATHERED_BYTES;
    if (this.timer !== undefined && !isMuch) return;
    const wait = this.lastFlush + this.maxDelayMs - now;
    if (wait <= 0 || this.blockers > 0 || isMuch) this.flush();
    else this.timer = setTimeout(this.onTimer, wait).unref();
  }

  /** Entries that cannot be sent: each client is told that it misses them. */
  lose(logUrl: string, firstIndex: number, count: number): void {
    this.flush();
    for (const client of this.members) client.lose(logUrl, firstIndex, count);
  }

  /** Sends what was gathered. An error costs the client that it concerns these messages, and no other client anything. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const parts = this.gathered;
    if (parts.length === 0) return;
    this.gathered = [];
    this.gatheredBytes = 0;
    let plain: SharedSlice | undefined;
    let compressed: SharedSlice | undefined;
    for (const client of this.members) {
      try {
        if (client.compressed) client.send((compressed ??= this.compress(parts)));
        else client.send((plain ??= new SharedSlice(parts, this.gatheredSince)));
      } catch (error) {
        this.onError(error);
        for (const { logUrl, firstIndex, frames } of parts) client.lose(logUrl, firstIndex, frames.count);
      }
    }
    // From the end of the work: when it takes longer than a tick, more is gathered meanwhile.
    this.lastFlush = performance.now();
  }

  private compress(parts: readonly PublishedFrames[]): SharedSlice {
    return new SharedSlice(
      parts.map(({ logUrl, firstIndex, frames }) => ({ logUrl, firstIndex, frames: compressOnce(frames) })),
      this.gatheredSince,
    );
  }
}

function compressOnce(frames: TextFrames): FrameBatch {
  const known = compressedFrames.get(frames) ?? compressFrames(frames);
  compressedFrames.set(frames, known);
  return known;
}
