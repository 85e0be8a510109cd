const MAX_SAMPLES = 1024;

/** The end of the stream at a time of this process. */
interface Sample {
  readonly last: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/**
 * StreamLag measures how late records of the stream are read here: the time since the stream was first seen to hold a record that is not
 * read yet. It uses the clock of this process only. Times are monotonic milliseconds.
 */
export class StreamLag {
  private samples: Sample[] = [];
  private answeredAt: number;

  /** @param now when the stream has answered first. */
  constructor(now: number) {
    this.answeredAt = now;
  }

  /** Notes the last record of the stream as it has just answered. */
  observe(last: number, now: number): void {
    this.answeredAt = now;
    if (this.samples.at(-1)?.last === last) return;
    this.samples.push({ last, at: now });
    // Half of them, the oldest one among these, are exact enough.
    if (this.samples.length > MAX_SAMPLES) this.samples = this.samples.filter((_, i) => i % 2 === 0);
  }

  /** Returns the milliseconds for which a record has been waiting. @param newest the newest record that was read. */
  waiting(newest: number, now: number): number {
    const first = this.samples.findIndex(({ last }) => last > newest);
    this.samples.splice(0, first === -1 ? this.samples.length : first);
    return this.samples.length === 0 ? 0 : now - this.samples[0].at;
  }

  /** Returns the milliseconds since the last answer of the stream. */
  silence(now: number): number {
    return now - this.answeredAt;
  }

  /** Begins again with another stream. */
  clear(): void {
    this.samples = [];
  }
}
