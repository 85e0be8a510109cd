/** Every so many requests a wider one asks whether the log serves bigger pages by now. */
const PROBE_EVERY = 64;
/** No log has smaller pages; a log that answers with less is in trouble. */
const SMALLEST = 16;

/**
 * Learns how many entries a log serves per get-entries request, and cuts requests at multiples of that: logs
 * align there, and caches hit. A short answer from an unaligned start teaches nothing (the first one always is);
 * two answers of the same length from aligned starts do.
 */
export class PageSize {
  private learned: number | undefined;
  private largest = 0;
  private sightings = 0;
  private requests = 0;

  get value(): number | undefined {
    return this.learned;
  }

  /** Where a request from `start` should end, at most `end`. */
  cut(start: number, end: number): number {
    const size = this.learned;
    if (size === undefined || ++this.requests % PROBE_EVERY === 0) return end;
    return Math.min(end, start - (start % size) + size);
  }

  /** @param asked entries asked for, `got` of which came. */
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
