/** What a disk journal keeps, and how it stores. */
export interface DiskJournalOptions {
  readonly folder: string;
  /** Octets on the disk before the oldest segment is dropped. */
  readonly maxBytes: number;
  /** Milliseconds after which a segment is dropped. */
  readonly maxAgeMs: number;
  /** What happens at `maxBytes` when a registered reader has not released the oldest segment: logs wait, or the reader loses it. */
  readonly onFull: 'wait' | 'skip';
  /** Octets after which a new segment is begun; default 32 MiB, and at most an eighth of `maxBytes`. */
  readonly segmentBytes?: number;
  /** Milliseconds between a record and its sync, at most; default 1000. */
  readonly syncMs?: number;
  /** Milliseconds until a store that failed is tried again; default 5000. */
  readonly retryMs?: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Counts since the start, but for what is on the disk. */
export class DiskJournalStats {
  /** Appended. */
  records = 0;
  entries = 0;
  /** Written to segments, heads of records included. */
  bytesWritten = 0;
  syncs = 0;
  /** Times that records could not be stored, reads that failed included. */
  failures = 0;
  /** Records that were appended and not stored. */
  lostRecords = 0;
  /** Damaged parts of segments. */
  holes = 0;
  /** Records that were dropped before a registered reader had released them. */
  skippedRecords = 0;
  /** On the disk. */
  segments = 0;
  bytes = 0;
  /** When the oldest record was appended, milliseconds since the epoch; undefined without records. */
  oldestTime: number | undefined;
}
