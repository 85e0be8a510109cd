/** Octets of a block. A payload above it gets memory of its own. */
const BLOCK_BYTES = 1024 * 1024;

interface Block {
  readonly bytes: Buffer;
  used: number;
  /** Number of payloads in the block that are not freed. */
  payloads: number;
}

/** A payload in a {@link PayloadMemory}. */
export interface KeptPayload {
  readonly bytes: Buffer;
  /** Undefined for a payload with memory of its own. */
  readonly block: Block | undefined;
}

/**
 * PayloadMemory keeps copies of payloads in blocks of memory that it uses again. The garbage collector has nothing to do for them:
 * a buffer of its own for each payload would live long enough to leave the young generation, and would then wait for a collection
 * of the whole heap. Payloads should be freed in about the order in which they were kept.
 */
export class PayloadMemory {
  private current: Block = newBlock(0);
  private spare: Block | undefined;

  /** Copies a payload. */
  keep(payload: Buffer): KeptPayload {
    if (payload.length > BLOCK_BYTES) return { bytes: payload, block: undefined };
    if (this.current.used + payload.length > this.current.bytes.length) {
      this.current = this.spare ?? newBlock(BLOCK_BYTES);
      this.spare = undefined;
    }
    const block = this.current;
    const bytes = block.bytes.subarray(block.used, block.used + payload.length);
    payload.copy(bytes);
    block.used += payload.length;
    block.payloads++;
    return { bytes, block };
  }

  /** Frees a payload. Its octets change with a later {@link keep}. */
  free({ block }: KeptPayload): void {
    if (block === undefined || --block.payloads > 0) return;
    block.used = 0;
    if (block !== this.current) this.spare = block;
  }
}

function newBlock(octets: number): Block {
  return { bytes: Buffer.allocUnsafeSlow(octets), used: 0, payloads: 0 };
}
