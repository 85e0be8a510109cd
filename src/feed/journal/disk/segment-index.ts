import { crc32 } from 'node:zlib';
import type { CountedRecords } from '../record-counts.js';
import { LogRuns } from './log-runs.js';
import type { SegmentHeader } from './segment-format.js';

const VERSION = 3;
/** Minimum number of octets between two places in an index. */
const STEP_BYTES = 64 * 1024;

/** A record at which a reader can begin. */
interface Place {
  readonly seq: number;
  readonly offset: number;
  /** When the record was appended, milliseconds since the epoch. */
  readonly time: number;
  /** Entries of the segment before the record. */
  readonly entries: number;
}

/** The contents of an index file. */
interface IndexFile {
  readonly version: number;
  /** {@link SegmentHeader.mark} of the segment, in hexadecimal. */
  readonly mark: string;
  readonly size: number;
  readonly last: number;
  readonly lastTime: number;
  /** Entries of all records. */
  readonly entries: number;
  readonly runs: ReturnType<LogRuns['format']>;
  readonly places: readonly (readonly [seq: number, offset: number, time: number, entries: number])[];
}

/** SegmentIndex lists the contents of a segment, so that the segment itself need not be read for them. */
export class SegmentIndex {
  /** Number of the newest record; undefined without records. */
  last: number | undefined;
  /** When the newest record was appended, milliseconds since the epoch. */
  lastTime = 0;
  /** Entries of all records. */
  entries = 0;
  private readonly places: Place[] = [];

  /** @param runs the `next` entries in this segment. */
  constructor(readonly runs = new LogRuns()) {}

  /** Adds a record. The index keeps at most one place per 64 KiB of the segment. @param entries those of the record. */
  add(seq: number, offset: number, time: number, entries: number): void {
    const { places } = this;
    if (places.length === 0 || offset - places[places.length - 1].offset >= STEP_BYTES)
      places.push({ seq, offset, time, entries: this.entries });
    this.entries += entries;
    this.last = seq;
    this.lastTime = time;
  }

  /** When the oldest record was appended, milliseconds since the epoch; undefined without records. */
  get firstTime(): number | undefined {
    return this.places.at(0)?.time;
  }

  /** The offset at which the search for record `seq` begins; undefined for the start of the segment. */
  offsetBefore(seq: number): number | undefined {
    return this.placeBefore(seq)?.offset;
  }

  /** The last place at record `seq` or before it. */
  placeBefore(seq: number): Pick<Place, 'offset' | 'entries'> | undefined {
    return this.places.findLast((place) => place.seq <= seq);
  }

  /** The number of the last record in the index that was appended before `time`; undefined if there is none. */
  seqBefore(time: number): number | undefined {
    return this.places.findLast((place) => place.time < time)?.seq;
  }

  /** Yields all records of the segment, from each place to the next. @param size octets of the whole segment. */
  *counts(size: number): Generator<CountedRecords> {
    const { last = 0, entries, places } = this;
    for (const [at, place] of places.entries()) {
      const next = places[at + 1] ?? { seq: last + 1, offset: size, entries };
      yield {
        seq: place.seq,
        last: next.seq - 1,
        time: place.time,
        entries: next.entries - place.entries,
        bytes: next.offset - place.offset,
      };
    }
  }

  /** Returns the contents of the index file. @param size octets of the whole segment. */
  format({ mark }: SegmentHeader, size: number): string {
    const { last = 0, lastTime, entries, runs, places } = this;
    const file: IndexFile = {
      version: VERSION,
      mark: mark.toString('hex'),
      size,
      last,
      lastTime,
      entries,
      runs: runs.format(),
      places: places.map((place) => [place.seq, place.offset, place.time, place.entries]),
    };
    const text = JSON.stringify(file);
    return `${checksum(text)}\n${text}\n`;
  }

  /** Reads an index file. @returns undefined if the text is damaged or the index of another segment. */
  static parse(text: string, { mark }: SegmentHeader, size: number): SegmentIndex | undefined {
    const [sum, json = ''] = text.split('\n', 2);
    if (sum !== checksum(json)) return undefined;
    const file = JSON.parse(json) as IndexFile;
    if (file.version !== VERSION || file.mark !== mark.toString('hex') || file.size !== size)
      return undefined;
    const index = new SegmentIndex(LogRuns.parse(file.runs));
    for (const [seq, offset, time, entries] of file.places) index.places.push({ seq, offset, time, entries });
    if (file.places.length > 0) index.last = file.last;
    index.lastTime = file.lastTime;
    index.entries = file.entries;
    return index;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
