/** Consecutive records of a journal. */
export interface CountedRecords {
  /** Numbers of the first and of the last record. */
  readonly seq: number;
  readonly last: number;
  /** When the first record was appended, milliseconds since the epoch. */
  readonly time: number;
  /** Entries and octets of all of them. */
  readonly entries: number;
  readonly bytes: number;
}

/** The entries and octets of records, and when the first of them was appended. */
export interface RecordTotals {
  readonly entries: number;
  readonly bytes: number;
  /** Milliseconds since the epoch; undefined without records. */
  readonly oldestTime: number | undefined;
}

/** Consecutive records, and the totals of all records before them. */
interface Mark {
  readonly seq: number;
  last: number;
  readonly time: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Older records are united while they are at most this part of all that follows them. */
const PART = 256;
const MIN_MARKS = 4096;

/**
 * RecordCounts adds up the entries and octets of the newest records of a journal, from any record on. The last 256 records are counted
 * one by one. Older ones are united into groups, so the memory grows with the logarithm of the journal; within a group, records
 * count as equal. A total is wrong by at most 1/256, or by the records of one {@link add}.
 */
export class RecordCounts {
  private marks: Mark[] = [];
  /** Marks at which older ones are united. */
  private limit = MIN_MARKS;
  private readonly totals = { entries: 0, bytes: 0 };
  private last = 0;
  private lastTime = 0;

  /** Adds records after all others. */
  add({ seq, last, time, entries, bytes }: CountedRecords): void {
    const { totals } = this;
    this.marks.push({ seq, last, time, entries: totals.entries, bytes: totals.bytes });
    totals.entries += entries;
    totals.bytes += bytes;
    this.last = last;
    this.lastTime = time;
    if (this.marks.length >= this.limit) this.unite();
  }

  /** Forgets the records before a number. */
  forgetBefore(seq: number): void {
    const gone = this.marks.findIndex(({ last }) => last >= seq);
    this.marks.splice(0, gone < 0 ? this.marks.length : gone);
  }

  /** Returns the totals of the known records after a number. */
  after(seq: number): RecordTotals {
    const { marks, totals } = this;
    if (marks.length === 0 || seq >= this.last) return { entries: 0, bytes: 0, oldestTime: undefined };
    const at = Math.max(0, this.find(seq + 1));
    const mark = marks[at];
    const next = marks[at + 1] ?? { ...totals, time: this.lastTime };
    const read = Math.max(0, Math.min(1, (seq + 1 - mark.seq) / (mark.last + 1 - mark.seq)));
    const before = (from: number, to: number): number => Math.round(from + read * (to - from));
    return {
      entries: totals.entries - before(mark.entries, next.entries),
      bytes: totals.bytes - before(mark.bytes, next.bytes),
      oldestTime: before(mark.time, next.time),
    };
  }

  /** Returns the place of the last mark that begins at `seq` or before; -1 if there is none. */
  private find(seq: number): number {
    let low = 0;
    let high = this.marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.marks[middle].seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  private unite(): void {
    const { marks, totals } = this;
    const kept: Mark[] = [];
    for (const [at, mark] of marks.entries()) {
      const group = kept.at(-1);
      const end = marks[at + 1] ?? totals;
      const isSmall = (of: 'entries' | 'bytes'): boolean =>
        group !== undefined && (end[of] - group[of]) * PART <= totals[of] - end[of];
      if (isSmall('entries') && isSmall('bytes')) group!.last = mark.last;
      else kept.push(mark);
    }
    this.marks = kept;
    this.limit = Math.max(MIN_MARKS, 2 * kept.length);
  }
}
