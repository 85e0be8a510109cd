/** Every so many requests a wider one asks whether the log serves bigger pages by now. */
const PROBE_EVERY = 256;

/**
 * Learns how many entries a log serves per get-entries request, and cuts requests at multiples of that: logs
 * align there, and caches hit. A single short answer teaches nothing (the first one from an unaligned start is
 * always short); a short answer from an aligned start does.
 */
export class PageSize {
  private learned: number | undefined;
  private largest = 0;
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
    if (got > this.largest) this.largest = got;
    if (this.learned !== undefined && got > this.learned) this.learned = got;
    else if (got < asked && got === this.largest && start % got === 0) this.learned = got;
  }
}
