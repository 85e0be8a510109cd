/** A request that failed, until its entries have come in other requests. */
export interface SuspectRange {
  /** The first entry that has not come yet. */
  from: number;
  /** Exclusive. */
  readonly to: number;
  /** Entries that were asked for. */
  readonly asked: number;
  /** Most entries to ask for within it; undefined: as many as before. */
  size: number | undefined;
  failures: number;
  /** Whether the log failed, and not just the room for its answer. */
  isRefused: boolean;
}

/** Older ones are forgotten: then they are asked for in full once more. */
const MAX_RANGES = 32;

/** The ranges of one log that did not come, each as narrow as is known. */
export class SuspectRanges {
  private ranges: SuspectRange[] = [];

  /**
   * Where a request from `start` is to end, at most `end`: a divided range is asked for in pieces, and apart from others. The
   * entry behind one that was asked for alone is asked for alone, too: where one cannot be had, more of them often cannot.
   */
  cut(start: number, end: number): number {
    let cut = end;
    for (const { from, to, asked, size } of this.ranges) {
      if (asked === 1 && to === start) cut = Math.min(cut, start + 1);
      if (size === undefined || from >= cut || to <= start) continue;
      cut = start < from ? from : Math.min(cut, to, alignedEnd(start, size));
    }
    return cut;
  }

  /** Notes a range that failed. It replaces all ranges that it overlaps. */
  failed(from: number, to: number): SuspectRange {
    const known = this.ranges.find((range) => range.from === from && range.to === to);
    if (known !== undefined) {
      known.failures++;
      return known;
    }
    this.ranges = this.ranges.filter((range) => range.to <= from || range.from >= to);
    const range: SuspectRange = { from, to, asked: to - from, size: undefined, failures: 1, isRefused: true };
    this.ranges.push(range);
    if (this.ranges.length > MAX_RANGES) this.ranges.shift();
    return range;
  }

  /**
   * The entries [from, to) came.
   * @returns the ranges that have come altogether with that.
   */
  came(from: number, to: number): readonly SuspectRange[] {
    if (this.ranges.length === 0) return this.ranges;
    for (const range of this.ranges) if (from <= range.from && to > range.from) range.from = to;
    const complete = this.ranges.filter((range) => range.from >= range.to);
    if (complete.length > 0) this.ranges = this.ranges.filter((range) => range.from < range.to);
    return complete;
  }
}

/** The next multiple of `size` behind `start`: logs align their pages there, and caches hit. */
export function alignedEnd(start: number, size: number): number {
  return start - (start % size) + size;
}

/** The largest power of two below `count`, at least 1. */
export function powerBelow(count: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(count)) - 1);
}
