/** After so many requests, a larger one tries whether the log serves larger pages now. */
const PROBE_EVERY = 64;
/** Smallest page that is learned; a log that serves fewer entries has a problem. */
const SMALLEST = 16;

/**
 * PageSize learns how many entries a log serves per get-entries request and cuts requests at multiples of that number, where logs
 * align their pages and caches hit. It learns from two answers of the same length from aligned starts. A short answer from an
 * unaligned start, such as the first one, does not count.
 */
export class PageSize {
  private learned: number | undefined;
  private largest = 0;
  private sightings = 0;
  private requests = 0;

  get value(): number | undefined {
    return this.learned;
  }

  /** Returns the end of a request from `start`, at most `end`. */
  cut(start: number, end: number): number {
    const size = this.learned;
    if (size === undefined || ++this.requests % PROBE_EVERY === 0) return end;
    return Math.min(end, start - (start % size) + size);
  }

  /** Reports an answer with `got` of `asked` requested entries. */
  observe(start: number, asked: number, got: number): void {
    if (got > this.largest) {
      this.largest = got;
      this.sightings = 0;
    }
    if (this.learned !== undefined && got > this.learned) this.learned = got;
    if (got < SMALLEST || got >= asked || got !== this.largest || start % got !== 0) return;
    this.sightings++;
    if (this.sightings > 1) this.learned = got;
  }
}
