/** Octets of a block. A larger range gets memory of its own. */
const BLOCK_BYTES = 1024 * 1024;

interface Block {
  readonly bytes: Buffer;
  used: number;
  /** Number of ranges in the block that are not freed. */
  ranges: number;
}

/** A range of octets in a {@link BlockMemory}. */
export interface MemoryRange {
  readonly bytes: Buffer;
  /** Undefined for a range with memory of its own. */
  readonly block: Block | undefined;
}

/**
 * BlockMemory gives out ranges of large blocks, which it uses again. The garbage collector has nothing to do for them: a buffer of
 * its own for each range would live long enough to leave the young generation, and would then wait for a collection of the whole
 * heap. Ranges should be freed in about the order in which they were taken.
 */
export class BlockMemory {
  private current: Block = newBlock(0);
  private spare: Block | undefined;

  /** Returns a range with arbitrary content. */
  take(octets: number): MemoryRange {
    if (octets > BLOCK_BYTES) return { bytes: Buffer.allocUnsafeSlow(octets), block: undefined };
    if (this.current.used + octets > this.current.bytes.length) {
      this.current = this.spare ?? newBlock(BLOCK_BYTES);
      this.spare = undefined;
    }
    const block = this.current;
    const start = block.used;
    block.used += octets;
    block.ranges++;
    return { bytes: block.bytes.subarray(start, block.used), block };
  }

  /** Frees a range. A later {@link take} may return its octets. */
  free({ block }: MemoryRange): void {
    if (block === undefined || --block.ranges > 0) return;
    block.used = 0;
    if (block !== this.current) this.spare = block;
  }
}

function newBlock(octets: number): Block {
  return { bytes: Buffer.allocUnsafeSlow(octets), used: 0, ranges: 0 };
}
