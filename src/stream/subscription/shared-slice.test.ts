import { describe, expect, it } from 'vitest';
import { framesOf } from '../../../test/support/stream-clients.js';
import { PIECE, SharedSlice, type SlicePart } from './shared-slice.js';

const part = (logUrl: string, firstIndex: number, sizes: readonly number[]): SlicePart => ({
  logUrl,
  firstIndex,
  frames: framesOf(sizes.map((size, i) => String(firstIndex + i).padEnd(size, 'x'))),
});
const bytesOf = (parts: readonly SlicePart[]) => Buffer.concat(parts.map(({ frames }) => frames.buffer));

/** Returns the pieces of a slice from message `from` on, as they are written. */
function piecesFrom(slice: SharedSlice, from: number): Buffer[] {
  const pieces: Buffer[] = [];
  while (from < slice.count) {
    const { bytes, count } = slice.pieceFrom(from);
    pieces.push(bytes);
    from += count;
  }
  return pieces;
}

describe(SharedSlice.name, () => {
  it('uses the memory of its only part while that part is small', () => {
    const only = part('a', 7, [10, 200, 70_000]);
    const slice = new SharedSlice([only], 0);
    expect(slice.whole?.buffer).toBe(only.frames.buffer.buffer);
    expect([slice.count, slice.length]).toEqual([3, only.frames.buffer.length]);
  });

  it.each([
    [
      'pages of two logs',
      [part('a', 0, Array<number>(100).fill(9000)), part('b', 5, Array<number>(90).fill(3000))],
    ],
    ['many small parts', Array.from({ length: 300 }, (_, i) => part('a', i, [1000 + i]))],
    ['frames above the size of a piece', [part('a', 0, [10, PIECE + 5, 10, PIECE * 2, PIECE - 4])]],
    ['frames of exactly a piece', [part('a', 0, [PIECE - 10, PIECE - 10, PIECE - 10])]],
  ])('copies %s into pieces that begin and end with a frame', (_name, parts) => {
    const slice = new SharedSlice(parts, 0);
    const all = bytesOf(parts);
    expect(slice.whole).toBeUndefined();
    expect(slice.length).toBe(all.length);
    const largest = Math.max(...parts.flatMap(({ frames }) => frames.buffer.length / frames.count), PIECE);
    for (let from = 0; from < slice.count; from += 1 + Math.floor(slice.count / 50)) {
      const pieces = piecesFrom(slice, from);
      expect(Buffer.concat(pieces).equals(all.subarray(slice.frameStart(from)))).toBe(true);
      for (const { buffer } of pieces) expect(buffer.byteLength).toBeLessThanOrEqual(largest * 2.1);
    }
    expect(piecesFrom(slice, 0).length).toBeLessThanOrEqual(2 * Math.ceil(all.length / PIECE) + 1);
  });

  it.each([
    ['small', [part('a', 10, [5, 900]), part('b', 70, [5]), part('a', 12, [5, 5, 5])]],
    ['large', [part('a', 0, Array<number>(100).fill(9000)), part('b', 5, [3000]), part('c', 5, [PIECE * 2])]],
  ])('is split into one copy per log, once, when it is %s', (_name, parts) => {
    const slice = new SharedSlice(parts, 42);
    const split = slice.byLog;
    expect(slice.byLog).toBe(split);
    expect(split.map(({ start }) => start)).toEqual(
      parts.map(({ logUrl, firstIndex }) => expect.objectContaining({ logUrl, firstIndex }) as unknown),
    );
    for (const [i, each] of split.entries()) {
      const { frames } = parts[i];
      expect([each.count, each.length, each.publishedAt]).toEqual([frames.count, frames.buffer.length, 42]);
      expect(Buffer.concat(piecesFrom(each, 0)).equals(frames.buffer)).toBe(true);
      expect(piecesFrom(each, 0)[0].buffer.byteLength).toBeLessThanOrEqual(
        Math.max(frames.buffer.length, Buffer.poolSize),
      );
    }
  });

  it('is not copied when it has one log', () => {
    const slice = new SharedSlice([part('a', 1, [5])], 0);
    expect(slice.byLog).toEqual([slice]);
  });
});
