import type { FrameBatch } from '../encoding/frame-encoding.js';

/** Consecutive entries of one log in a {@link SharedSlice}: message i is the entry `firstIndex + i`. */
export interface SlicePart {
  /** `source.url` of the log, as the messages print it. */
  readonly logUrl: string;
  readonly firstIndex: number;
  readonly frames: FrameBatch;
}

/** Bytes of one piece of a slice, unless a single frame has more. */
export const PIECE = 262_144;

/** Whole frames in one piece of memory. */
interface Piece {
  readonly bytes: Buffer;
  /** Where it begins among the bytes of the slice. */
  readonly start: number;
  /** The message after its last one. */
  readonly end: number;
}

/** A {@link SlicePart} without the memory of its frames. */
interface Run {
  readonly logUrl: string;
  readonly firstIndex: number;
  readonly count: number;
  readonly frameStart: Uint32Array;
}

/**
 * What was published during one tick, for all clients of a group. Large ones are copied into pieces, once for all: a
 * socket that is stuck in the middle keeps one piece from being freed, and not the whole page of a log.
 */
export class SharedSlice {
  /** Messages. */
  readonly count: number;
  /** Bytes. */
  readonly length: number;
  private readonly runs: readonly Run[];
  private readonly pieces: readonly Piece[];
  private alone: readonly SharedSlice[] | undefined;

  /**
   * @param parts at least one.
   * @param publishedAt when the oldest of them was published, milliseconds, monotonic.
   */
  constructor(
    parts: readonly SlicePart[],
    readonly publishedAt: number,
  ) {
    this.runs = parts.map(({ logUrl, firstIndex, frames: { count, frameStart } }) => ({
      logUrl,
      firstIndex,
      count,
      frameStart,
    }));
    this.count = parts.reduce((sum, { frames }) => sum + frames.count, 0);
    this.length = this.frameStart(this.count);
    this.pieces = this.length > PIECE ? cut(parts) : [join(parts, this.count)];
  }

  /** All frames, where they are one piece. */
  get whole(): Buffer | undefined {
    return this.pieces.length === 1 ? this.pieces[0].bytes : undefined;
  }

  /** The frames from message `from` to the end of its piece. */
  pieceFrom(from: number): { bytes: Buffer; count: number } {
    const { bytes, start, end } = this.pieces.find((piece) => from < piece.end)!;
    const offset = this.frameStart(from) - start;
    return { bytes: offset === 0 ? bytes : bytes.subarray(offset), count: end - from };
  }

  /** Where the frame of message `i` begins among the bytes; for `count` where the last one ends. */
  frameStart(i: number): number {
    let start = 0;
    let first = 0;
    for (const { count, frameStart } of this.runs) {
      if (i < first + count) return start + frameStart[i - first] - frameStart[0];
      first += count;
      start += frameStart[count] - frameStart[0];
    }
    return start;
  }

  /** Log and index of the first message. */
  get start(): Pick<SlicePart, 'logUrl' | 'firstIndex'> {
    return this.runs[0];
  }

  /**
   * The same as one slice for each run of a log, in memory of their own, made once for all who ask: what is kept of one
   * log does not hold the memory of the others.
   */
  get byLog(): readonly SharedSlice[] {
    this.alone ??= this.runs.length === 1 ? [this] : this.split();
    return this.alone;
  }

  private split(): SharedSlice[] {
    let first = 0;
    return this.runs.map(({ logUrl, firstIndex, count, frameStart }) => {
      const buffer = this.copy(first, first + count);
      first += count;
      const starts = frameStart.map((start) => start - frameStart[0]);
      return new SharedSlice(
        [{ logUrl, firstIndex, frames: { buffer, count, frameStart: starts } }],
        this.publishedAt,
      );
    });
  }

  private copy(from: number, to: number): Buffer {
    const start = this.frameStart(from);
    const copy = Buffer.allocUnsafe(this.frameStart(to) - start);
    for (const { bytes, start: at } of this.pieces)
      if (at < start + copy.length && at + bytes.length > start)
        bytes.copy(copy, Math.max(0, at - start), Math.max(0, start - at), start + copy.length - at);
    return copy;
  }
}

function join(parts: readonly SlicePart[], end: number): Piece {
  const views = parts.map(({ frames: { buffer, count, frameStart } }) =>
    buffer.subarray(frameStart[0], frameStart[count]),
  );
  return { bytes: views.length === 1 ? views[0] : Buffer.concat(views), start: 0, end };
}

function cut(parts: readonly SlicePart[]): Piece[] {
  const pieces: Piece[] = [];
  let views: Buffer[] = [];
  let size = 0;
  let start = 0;
  let message = 0;
  const finish = (): void => {
    pieces.push({ bytes: Buffer.concat(views), start, end: message });
    start += size;
    size = 0;
    views = [];
  };
  for (const { frames } of parts) {
    const { buffer, count, frameStart } = frames;
    let from = frameStart[0];
    for (let i = 0; i < count; i++, message++) {
      const frame = frameStart[i + 1] - frameStart[i];
      if (size > 0 && size + frame > PIECE) {
        views.push(buffer.subarray(from, frameStart[i]));
        from = frameStart[i];
        finish();
      }
      size += frame;
    }
    views.push(buffer.subarray(from, frameStart[count]));
  }
  finish();
  return pieces;
}
