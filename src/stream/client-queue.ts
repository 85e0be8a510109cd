import type { SharedSlice } from './shared-slice.js';

/** Told of messages that are dropped: `slice` has them from `from` to `to - 1`. */
export type OnDropped = (slice: SharedSlice, from: number, to: number) => void;

/** What is written at once: whole frames. */
export interface QueuedFrames {
  readonly bytes: Buffer;
  readonly count: number;
  readonly publishedAt: number;
}

/** Messages that wait for one client, oldest first: references to slices that others wait for as well. */
export class ClientQueue {
  private slices: SharedSlice[] = [];
  /** Messages of the first slice that do not wait any more. */
  private skipped = 0;
  private waiting = 0;
  private waitingBytes = 0;

  get messages(): number {
    return this.waiting;
  }

  get bytes(): number {
    return this.waitingBytes;
  }

  push(slice: SharedSlice): void {
    this.slices.push(slice);
    this.waiting += slice.count;
    this.waitingBytes += slice.length;
  }

  /** Takes the oldest frames, as many as are in one piece of memory. The queue is not empty. */
  take(): QueuedFrames {
    const slice = this.slices[0];
    const { bytes, count } = slice.pieceFrom(this.skipped);
    this.remove(count, bytes.length);
    return { bytes, count, publishedAt: slice.publishedAt };
  }

  /** Drops the oldest messages until no more than these wait. @returns how many were dropped. */
  shrink(maxMessages: number, maxBytes: number, onDropped: OnDropped): number {
    const before = this.waiting;
    while (this.waiting > 0 && (this.waiting > maxMessages || this.waitingBytes > maxBytes)) {
      const slice = this.slices[0];
      const from = this.skipped;
      const start = slice.frameStart(from);
      const to = Math.min(slice.count, from + Math.max(1, this.waiting - maxMessages));
      onDropped(slice, from, to);
      this.remove(to - from, slice.frameStart(to) - start);
    }
    return before - this.waiting;
  }

  private remove(count: number, bytes: number): void {
    this.waiting -= count;
    this.waitingBytes -= bytes;
    this.skipped += count;
    if (this.skipped < this.slices[0].count) return;
    this.slices.shift();
    this.skipped = 0;
  }
}
