/** Samples of several values at the same times, in memory of a fixed size. The newest samples replace the oldest ones. */
export class SampleHistory {
  private readonly times: Float64Array;
  private readonly columns = new Map<string, Float64Array>();
  /** Samples ever added. */
  private added = 0;

  constructor(readonly capacity: number) {
    this.times = new Float64Array(capacity);
  }

  /** Number of values at each time. */
  get width(): number {
    return this.columns.size;
  }

  /**
   * Adds a sample. A name that it lacks is forgotten with all its values.
   * @param time later than that of every other sample.
   * @param values undefined for a value that is not known.
   */
  add(time: number, values: Readonly<Record<string, number | undefined>>): void {
    const at = this.added++ % this.capacity;
    this.times[at] = time;
    for (const name of this.columns.keys()) if (!Object.hasOwn(values, name)) this.columns.delete(name);
    for (const [name, value] of Object.entries(values)) {
      const column = this.columns.get(name) ?? new Float64Array(this.capacity).fill(NaN);
      column[at] = value ?? NaN;
      this.columns.set(name, column);
    }
  }

  clear(): void {
    this.added = 0;
    this.columns.clear();
  }

  /** Returns the times after `since`, oldest first. */
  timesAfter(since: number): number[] {
    return this.read(this.times, since) as number[];
  }

  /** Returns the values of a name at the times after `since`; null for values that are not known. */
  valuesAfter(since: number, name: string): (number | null)[] {
    const column = this.columns.get(name);
    return column === undefined ? this.timesAfter(since).map(() => null) : this.read(column, since);
  }

  private read(column: Float64Array, since: number): (number | null)[] {
    const values: (number | null)[] = [];
    for (let i = Math.max(0, this.added - this.capacity); i < this.added; i++) {
      const at = i % this.capacity;
      if (this.times[at] > since) values.push(Number.isNaN(column[at]) ? null : column[at]);
    }
    return values;
  }
}
