import { compressFrames, type TextFrames } from './compressed-frames.js';
import type { FrameBatch } from './frame-batch.js';
import type { StreamClient } from './stream-client.js';

/** Everything sent on one stream since the start, clients that left included. */
export interface StreamStats {
  /** Connections ever accepted. */
  connections: number;
  /** Messages handed to sockets: one message to ten clients counts ten. */
  messages: number;
  bytes: number;
  /** Messages left out because a client could not keep up. */
  dropped: number;
}

/** The clients of one stream. */
export class StreamAudience {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0 };
  private readonly members = new Set<StreamClient>();

  /** @param onDrop called once per batch and client that messages were dropped of. */
  constructor(private readonly onDrop: (client: StreamClient, count: number) => void) {}

  get clients(): ReadonlySet<StreamClient> {
    return this.members;
  }

  join(client: StreamClient): void {
    this.members.add(client);
    this.stats.connections++;
  }

  leave(client: StreamClient): void {
    this.members.delete(client);
  }

  /** Hands the frames to every client; compressed at most once, and only if somebody wants that. */
  deliver(frames: TextFrames): void {
    let compressed: FrameBatch | undefined;
    for (const client of this.members) {
      if (client.compressed) this.send(client, (compressed ??= compressFrames(frames)));
      else this.send(client, frames);
    }
  }

  private send(client: StreamClient, frames: FrameBatch): void {
    const { bytes, dropped } = client.stats;
    this.stats.messages += client.send(frames);
    this.stats.bytes += client.stats.bytes - bytes;
    const missed = client.stats.dropped - dropped;
    if (missed === 0) return;
    this.stats.dropped += missed;
    this.onDrop(client, missed);
  }
}
