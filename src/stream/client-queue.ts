import type { SharedSlice } from './shared-slice.js';

/** Told of messages that are dropped: `slice` has them from `from` to `to - 1`. */
export type OnDropped = (slice: SharedSlice, from: number, to: number) => void;

/** A piece of a slice that is written at once: whole frames. */
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
    this.waitingBytes += slice.buffer.length;
  }

  /** Takes the oldest frames of one slice, up to about `maxBytes`, at least one. The queue is not empty. */
  take(maxBytes: number): QueuedFrames {
    const slice = this.slices[0];
    const start = slice.frameStart(this.skipped);
    let end = this.skipped + 1;
    if (slice.buffer.length - start <= maxBytes) end = slice.count;
    else while (end < slice.count && slice.frameStart(end + 1) - start <= maxBytes) end++;
    const count = end - this.skipped;
    const bytes = slice.buffer.subarray(start, slice.frameStart(end));
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
