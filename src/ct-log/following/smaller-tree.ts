/** So many heads in a row, for so long, have to say it. */
const HEADS_TO_BELIEVE = 10;
const BELIEVE_AFTER_MS = 5 * 60_000;

/** Decides when a log that nobody signs for is believed that its tree is smaller than was known. */
export class SmallerTree {
  private since = 0;
  private heads = 0;

  /** A head came. @param now milliseconds, monotonic. @returns whether it is believed; then it counts from the beginning. */
  observe(isSmaller: boolean, now: number): boolean {
    if (!isSmaller) {
      this.heads = 0;
      return false;
    }
    if (this.heads++ === 0) this.since = now;
    if (this.heads < HEADS_TO_BELIEVE || now - this.since < BELIEVE_AFTER_MS) return false;
    this.heads = 0;
    return true;
  }
}
