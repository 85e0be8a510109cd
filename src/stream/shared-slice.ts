import type { FrameBatch } from './frame-batch.js';

/** Consecutive entries of one log in a {@link SharedSlice}: message i is the entry `firstIndex + i`. */
export interface SlicePart {
  /** `source.url` of the log, as the messages print it. */
  readonly logUrl: string;
  readonly firstIndex: number;
  readonly frames: FrameBatch;
}

/** What was published during one tick, as one piece of memory that all clients of a group are sent. */
export class SharedSlice {
  /** Messages. */
  readonly count: number;
  /** All frames, one after the other. */
  readonly buffer: Buffer;

  /**
   * @param parts at least one.
   * @param publishedAt when the oldest of them was published, milliseconds, monotonic.
   */
  constructor(
    readonly parts: readonly SlicePart[],
    readonly publishedAt: number,
  ) {
    this.count = parts.reduce((sum, { frames }) => sum + frames.count, 0);
    this.buffer =
      parts.length === 1 ? framesOf(parts[0]) : Buffer.concat(parts.map((part) => framesOf(part)));
  }

  /** Where the frame of message `i` begins in {@link buffer}; for `count` where the last one ends. */
  frameStart(i: number): number {
    let start = 0;
    let first = 0;
    for (const { frames } of this.parts) {
      const { count, frameStart } = frames;
      if (i < first + count) return start + frameStart[i - first] - frameStart[0];
      first += count;
      start += frameStart[count] - frameStart[0];
    }
    return start;
  }

  /** Calls `visit` for the entries behind messages `from` to `to - 1`, once per log and run of indices. */
  eachRun(
    from: number,
    to: number,
    visit: (logUrl: string, firstIndex: number, count: number) => void,
  ): void {
    let first = 0;
    for (const { logUrl, firstIndex, frames } of this.parts) {
      const start = Math.max(from, first);
      const end = Math.min(to, first + frames.count);
      if (start < end) visit(logUrl, firstIndex + start - first, end - start);
      first += frames.count;
    }
  }
}

function framesOf({ frames: { buffer, count, frameStart } }: SlicePart): Buffer {
  return buffer.subarray(frameStart[0], frameStart[count]);
}
