import { RecordCounts, type RecordTotals } from '../record-counts.js';
import type { StreamState } from './journal-stream.js';

/** Entries of a record, as long as no record was read. */
const ENTRIES = 16;

/**
 * StreamBacklog adds up the records after a number. Those that were read since the start are counted; earlier ones are taken as equal in
 * size, with the entries of those that were read.
 */
export class StreamBacklog {
  private counts = new RecordCounts();
  private first: number | undefined;
  private firstTime = 0;
  private readonly totals = { records: 0, entries: 0 };

  add(seq: number, time: number, entries: number, bytes: number): void {
    if (this.first === undefined) [this.first, this.firstTime] = [seq, time];
    this.totals.records++;
    this.totals.entries += entries;
    this.counts.add({ seq, last: seq, time, entries, bytes });
  }

  /** Forgets the records that the stream has dropped. */
  forgetBefore(seq: number): void {
    this.counts.forgetBefore(seq);
  }

  /** Begins again with another stream. */
  clear(): void {
    this.counts = new RecordCounts();
    this.first = undefined;
  }

  /** Returns the totals of the records after a number, up to the newest one. */
  after(seq: number, newest: number, { first, firstTime, messages, bytes }: StreamState): RecordTotals {
    const read = this.counts.after(seq);
    const firstRead = this.first ?? newest + 1;
    const from = Math.max(seq + 1, first);
    const earlier = firstRead - from;
    if (earlier <= 0 || messages === 0) return read;
    const { records, entries } = this.totals;
    const perRecord = records === 0 ? ENTRIES : entries / records;
    const end = this.first === undefined ? Date.now() : this.firstTime;
    const start = firstTime ?? end;
    const passed = (from - first) / Math.max(1, firstRead - first);
    return {
      entries: read.entries + Math.round(earlier * perRecord),
      bytes: read.bytes + Math.round((earlier * bytes) / messages),
      oldestTime: start + passed * (end - start),
    };
  }
}
