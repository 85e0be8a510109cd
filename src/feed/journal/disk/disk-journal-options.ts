/** DiskJournalOptions sets what a disk journal keeps and how it stores records. */
export interface DiskJournalOptions {
  readonly folder: string;
  /** Octets on the disk; above this, the oldest segment is dropped. */
  readonly maxBytes: number;
  /** Milliseconds after the newest record of a segment when the segment is dropped. */
  readonly maxAgeMs: number;
  /** What happens at `maxBytes` when a registered reader has not released the oldest segment: logs wait, or the reader loses it. */
  readonly onFull: 'wait' | 'skip';
  /** Octets after which a new segment begins; default 32 MiB, at most an eighth of `maxBytes`. */
  readonly segmentBytes?: number;
  /** Maximum time from the write of a record to its sync, milliseconds; default 1000. */
  readonly syncMs?: number;
  /** Time from a failed write to the next try, milliseconds; default 5000. */
  readonly retryMs?: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly now?: () => number;
}

/** DiskJournalStats holds counts since the start and the current size of the journal on the disk. */
export class DiskJournalStats {
  /** Appended records and entries. */
  records = 0;
  entries = 0;
  /** Octets written to segments, including the heads of records. */
  bytesWritten = 0;
  syncs = 0;
  /** Failed writes and reads, and segments that could not be removed. */
  failures = 0;
  /** Records that were appended but could not be stored. */
  lostRecords = 0;
  /** Damaged parts of segments. */
  holes = 0;
  /** Records dropped before a registered reader had released them. */
  skippedRecords = 0;
  /** Segments and octets on the disk. */
  segments = 0;
  bytes = 0;
  /** When the oldest record was appended, milliseconds since the epoch; undefined without records. */
  oldestTime: number | undefined;
}
