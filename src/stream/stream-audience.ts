import type { DialectName } from '../certificate/dialects/dialect.js';
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

/** The clients of one stream, whatever their dialect. */
export class StreamAudience {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0 };
  private readonly members = new Set<StreamClient>();
  private readonly groups: Readonly<Record<DialectName, Set<StreamClient>>> = {
    go: new Set(),
    calidog: new Set(),
  };

  /** @param onDrop called once per batch and client that messages were dropped of. */
  constructor(private readonly onDrop: (client: StreamClient, count: number) => void) {}

  get clients(): ReadonlySet<StreamClient> {
    return this.members;
  }

  join(client: StreamClient, dialect: DialectName): void {
    this.members.add(client);
    this.groups[dialect].add(client);
    this.stats.connections++;
  }

  leave(client: StreamClient): void {
    this.members.delete(client);
    this.groups.go.delete(client);
    this.groups.calidog.delete(client);
  }

  /**
   * Hands the frames of its dialect to every client. Frames are asked for only where somebody listens; each are
   * compressed at most once, and only if somebody wants that.
   */
  deliver(framesIn: (dialect: DialectName) => TextFrames): void {
    const compressed = new Map<TextFrames, FrameBatch>();
    const compress = (frames: TextFrames): FrameBatch => {
      const known = compressed.get(frames) ?? compressFrames(frames);
      compressed.set(frames, known);
      return known;
    };
    for (const dialect of ['go', 'calidog'] as const) {
      const group = this.groups[dialect];
      if (group.size === 0) continue;
      const frames = framesIn(dialect);
      for (const client of group) this.send(client, client.compressed ? compress(frames) : frames);
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
