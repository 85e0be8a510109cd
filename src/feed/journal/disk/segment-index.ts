import { crc32 } from 'node:zlib';
import { LogRuns } from './log-runs.js';
import type { SegmentHeader } from './segment-format.js';

const VERSION = 2;
/** Minimum number of octets between two places in an index. */
const STEP_BYTES = 64 * 1024;

/** A record at which a reader can begin. */
interface Place {
  readonly seq: number;
  readonly offset: number;
  /** When the record was appended, milliseconds since the epoch. */
  readonly time: number;
}

/** The contents of an index file. */
interface IndexFile {
  readonly version: number;
  /** {@link SegmentHeader.mark} of the segment, in hexadecimal. */
  readonly mark: string;
  readonly size: number;
  readonly last: number;
  readonly lastTime: number;
  readonly runs: ReturnType<LogRuns['format']>;
  readonly places: readonly (readonly [seq: number, offset: number, time: number])[];
}

/** SegmentIndex lists the contents of a segment, so that the segment itself need not be read for them. */
export class SegmentIndex {
  /** Number of the newest record; undefined without records. */
  last: number | undefined;
  /** When the newest record was appended, milliseconds since the epoch. */
  lastTime = 0;
  private readonly places: Place[] = [];

  /** @param runs the `next` entries in this segment. */
  constructor(readonly runs = new LogRuns()) {}

  /** Adds a record. The index keeps at most one place per 64 KiB of the segment. */
  add(seq: number, offset: number, time: number): void {
    const { places } = this;
    if (places.length === 0 || offset - places[places.length - 1].offset >= STEP_BYTES)
      places.push({ seq, offset, time });
    this.last = seq;
    this.lastTime = time;
  }

  /** When the oldest record was appended, milliseconds since the epoch; undefined without records. */
  get firstTime(): number | undefined {
    return this.places.at(0)?.time;
  }

  /** The offset at which the search for record `seq` begins; undefined for the start of the segment. */
  offsetBefore(seq: number): number | undefined {
    return this.places.findLast((place) => place.seq <= seq)?.offset;
  }

  /** The number of the last record in the index that was appended before `time`; undefined if there is none. */
  seqBefore(time: number): number | undefined {
    return this.places.findLast((place) => place.time < time)?.seq;
  }

  /** Returns the contents of the index file. @param size octets of the whole segment. */
  format({ mark }: SegmentHeader, size: number): string {
    const { last = 0, lastTime, runs, places } = this;
    const file: IndexFile = {
      version: VERSION,
      mark: mark.toString('hex'),
      size,
      last,
      lastTime,
      runs: runs.format(),
      places: places.map(({ seq, offset, time }) => [seq, offset, time]),
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
    for (const [seq, offset, time] of file.places) index.places.push({ seq, offset, time });
    if (file.places.length > 0) index.last = file.last;
    index.lastTime = file.lastTime;
    return index;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
