/** The first buffer for a body of unknown length. */
const FIRST_BYTES = 64 * 1024;
/** Smaller bodies are left to the collector. */
const LEAST_KEPT_BYTES = 32 * 1024;

/**
 * Memory for the bodies of responses, used again and again: a page takes hundreds of kilobytes for some milliseconds,
 * and fresh memory for each costs page faults and full collections.
 */
export class BodyBuffers {
  private readonly free: Buffer[] = [];
  private kept = 0;

  /** @param maxKeptBytes what lies ready at most. */
  constructor(private readonly maxKeptBytes: number) {}

  /** A buffer of at least `bytes`, whatever is in it. */
  take(bytes = FIRST_BYTES): Buffer {
    let best = -1;
    for (let i = 0; i < this.free.length; i++) {
      const { length } = this.free[i];
      if (length >= bytes && (best < 0 || length < this.free[best].length)) best = i;
    }
    if (best < 0) return Buffer.allocUnsafeSlow(bytes < LEAST_KEPT_BYTES ? bytes : roundUp(bytes));
    const [buffer] = this.free.splice(best, 1);
    this.kept -= buffer.length;
    return buffer;
  }

  /** `buffer` came from {@link take}, and nobody reads it any more. */
  give(buffer: Buffer): void {
    if (buffer.length < LEAST_KEPT_BYTES || buffer.length > this.maxKeptBytes) return;
    this.free.push(buffer);
    this.kept += buffer.length;
    while (this.kept > this.maxKeptBytes) this.kept -= this.free.shift()?.length ?? 0;
  }
}

/** To a multiple of a quarter of the power of two below, so that bodies of like length share their buffers. */
function roundUp(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
