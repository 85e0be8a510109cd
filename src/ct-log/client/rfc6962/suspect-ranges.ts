/** The range of a failed request, until all its entries have arrived with other requests. */
export interface SuspectRange {
  /** Index of the first entry that has not arrived yet. */
  from: number;
  /** End of the range, exclusive. */
  readonly to: number;
  /** Entries of the failed request. */
  readonly asked: number;
  /** Maximum number of entries of a request within the range; undefined: as many as before. */
  size: number | undefined;
  failures: number;
  /** Whether the request was for a piece of a divided range. */
  readonly isPiece: boolean;
  /** Whether the last refusal was one that mostly concerns the rate of requests. */
  isBusy: boolean;
  /** Whether the log refused the request; false if there was no room for its answer. */
  isRefused: boolean;
}

/** Maximum number of ranges that are kept. An older one is forgotten and requested in full again. */
const MAX_RANGES = 32;

/** SuspectRanges holds the ranges of one log whose request failed, each as narrow as known. */
export class SuspectRanges {
  private ranges: SuspectRange[] = [];

  /**
   * Returns the end of a request from `start`, at most `end`. A divided range is requested in pieces and without entries around
   * it. The entry after a failed single entry is also requested as a single entry, because such entries often follow each other.
   */
  cut(start: number, end: number): number {
    let cut = end;
    for (const { from, to, asked, size } of this.ranges) {
      if (asked === 1 && to === start) cut = Math.min(cut, start + 1);
      if (size === undefined || from >= cut || to <= start) continue;
      cut = start < from ? from : Math.min(cut, to, size < asked ? alignedEnd(start, size) : to);
    }
    return cut;
  }

  /** Adds the range of a failed request. It replaces all ranges that it overlaps. */
  failed(from: number, to: number): SuspectRange {
    const known = this.ranges.find((range) => range.from === from && range.to === to);
    if (known !== undefined) {
      known.failures++;
      return known;
    }
    const isPiece = this.ranges.some(
      (range) => range.size !== undefined && range.from <= from && range.to >= to,
    );
    this.ranges = this.ranges.filter((range) => range.to <= from || range.from >= to);
    const asked = to - from;
    const range: SuspectRange = {
      from,
      to,
      asked,
      // The rest of the divided range is still requested in pieces.
      size: isPiece ? asked : undefined,
      failures: 1,
      isPiece,
      isBusy: false,
      isRefused: true,
    };
    this.ranges.push(range);
    if (this.ranges.length > MAX_RANGES) this.ranges.shift();
    return range;
  }

  /**
   * Reports that the entries [from, to) arrived.
   * @returns the ranges that are complete now.
   */
  arrived(from: number, to: number): readonly SuspectRange[] {
    if (this.ranges.length === 0) return this.ranges;
    for (const range of this.ranges) if (from <= range.from && to > range.from) range.from = to;
    const complete = this.ranges.filter((range) => range.from >= range.to);
    if (complete.length > 0) this.ranges = this.ranges.filter((range) => range.from < range.to);
    return complete;
  }
}

/** Returns the next multiple of `size` after `start`, where logs align their pages and caches hit. */
export function alignedEnd(start: number, size: number): number {
  return start - (start % size) + size;
}

/** Returns the largest power of two below `count`, at least 1. */
export function powerBelow(count: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(count)) - 1);
}
