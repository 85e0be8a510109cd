/** Size of the first buffer for a body of unknown length. */
const FIRST_BYTES = 64 * 1024;
/** Smaller buffers are not kept; the garbage collector frees them. */
const LEAST_KEPT_BYTES = 32 * 1024;

/**
 * Reuses memory for the bodies of responses. A page takes hundreds of kilobytes for some milliseconds, and fresh memory
 * for each page would cost page faults and full garbage collections.
 */
export class BodyBuffers {
  private readonly free: Buffer[] = [];
  private kept = 0;

  /** @param maxKeptBytes most bytes of buffers that are kept for reuse. */
  constructor(private readonly maxKeptBytes: number) {}

  /** Returns a buffer of at least `bytes`. Its content is undefined. */
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

  /** Returns a buffer from {@link take} for reuse. The caller must not read it afterwards. */
  give(buffer: Buffer): void {
    if (buffer.length < LEAST_KEPT_BYTES || buffer.length > this.maxKeptBytes) return;
    this.free.push(buffer);
    this.kept += buffer.length;
    while (this.kept > this.maxKeptBytes) this.kept -= this.free.shift()?.length ?? 0;
  }
}

/** Rounds up to a multiple of a quarter of the next lower power of two, so that bodies of similar length share buffers. */
function roundUp(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
