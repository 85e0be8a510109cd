import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { FrameBatch } from '../encoding/frame-encoding.js';

/** Consecutive entries of one log in a {@link SharedSlice}: message i is the entry `firstIndex + i`. */
export interface SlicePart {
  /** `source.url` of the log, as the messages print it. */
  readonly logUrl: string;
  readonly firstIndex: number;
  /** Place of the first message in the journal. */
  readonly place?: BatchPlace;
  readonly frames: FrameBatch;
}

/** Bound on the bytes of a piece. A single frame may exceed it. */
export const PIECE = 262_144;

/** Whole frames in one buffer. */
interface Piece {
  readonly bytes: Buffer;
  /** Offset of this piece in the bytes of the slice. */
  readonly start: number;
  /** Index of the first message after this piece. */
  readonly end: number;
}

/** A {@link SlicePart} without the memory of its frames. */
interface Run {
  readonly logUrl: string;
  readonly firstIndex: number;
  readonly place?: BatchPlace;
  readonly count: number;
  readonly frameStart: Uint32Array;
}

/**
 * The messages that were published during one tick, shared by all clients of a group. A large slice is copied into
 * pieces once, for all clients. A socket that stops in the middle then holds one piece in memory instead of the whole
 * page of a log.
 */
export class SharedSlice {
  /** Number of messages. */
  readonly count: number;
  /** Number of bytes. */
  readonly length: number;
  private readonly runs: readonly Run[];
  private readonly pieces: readonly Piece[];
  private alone: readonly SharedSlice[] | undefined;

  /**
   * @param parts must not be empty.
   * @param publishedAt when the oldest part was published, in milliseconds of a monotonic clock.
   */
  constructor(
    parts: readonly SlicePart[],
    readonly publishedAt: number,
  ) {
    this.runs = parts.map(({ logUrl, firstIndex, place, frames: { count, frameStart } }) => ({
      logUrl,
      firstIndex,
      place,
      count,
      frameStart,
    }));
    this.count = parts.reduce((sum, { frames }) => sum + frames.count, 0);
    this.length = this.frameStart(this.count);
    this.pieces = this.length > PIECE ? cut(parts) : [join(parts, this.count)];
  }

  /** All frames, or undefined when they are in several pieces. */
  get whole(): Buffer | undefined {
    return this.pieces.length === 1 ? this.pieces[0].bytes : undefined;
  }

  /** Returns the frames from message `from` to the end of its piece. */
  pieceFrom(from: number): { bytes: Buffer; count: number } {
    const { bytes, start, end } = this.pieces.find((piece) => from < piece.end)!;
    const offset = this.frameStart(from) - start;
    return { bytes: offset === 0 ? bytes : bytes.subarray(offset), count: end - from };
  }

  /**
   * Returns the offset of the frame of message `i` in the bytes of the slice. For `count` it returns the end of the
   * last frame.
   */
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
  get start(): Pick<SlicePart, 'logUrl' | 'firstIndex' | 'place'> {
    return this.runs[0];
  }

  /**
   * One slice per run of a log, each a copy, made once for all clients. A client that keeps the messages of one log
   * then does not hold the memory of the other logs.
   */
  get byLog(): readonly SharedSlice[] {
    this.alone ??= this.runs.length === 1 ? [this] : this.split();
    return this.alone;
  }

  private split(): SharedSlice[] {
    let first = 0;
    return this.runs.map(({ logUrl, firstIndex, place, count, frameStart }) => {
      const buffer = this.copy(first, first + count);
      first += count;
      const starts = frameStart.map((start) => start - frameStart[0]);
      return new SharedSlice(
        [{ logUrl, firstIndex, place, frames: { buffer, count, frameStart: starts } }],
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
