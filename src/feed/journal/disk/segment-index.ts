import { crc32 } from 'node:zlib';
import { LogRuns } from './log-runs.js';
import type { SegmentHeader } from './segment-format.js';

const VERSION = 2;
/** Octets of a segment between two places that an index remembers. */
const STEP_BYTES = 64 * 1024;

/** A record to begin reading at. */
interface Place {
  readonly seq: number;
  readonly offset: number;
  /** Wall clock when it was appended, milliseconds since the epoch. */
  readonly time: number;
}

/** The contents of an index file. */
interface IndexFile {
  readonly version: number;
  /** {@link SegmentHeader.mark} in hexadecimal: whose index this is. */
  readonly mark: string;
  readonly size: number;
  readonly last: number;
  readonly lastTime: number;
  readonly runs: ReturnType<LogRuns['format']>;
  readonly places: readonly (readonly [seq: number, offset: number, time: number])[];
}

/** What a segment holds, so that it need not be read to know. */
export class SegmentIndex {
  /** Number of the newest record; undefined without records. */
  last: number | undefined;
  /** When the newest record was appended, milliseconds since the epoch. */
  lastTime = 0;
  private readonly places: Place[] = [];

  /** @param runs of the `next` entries in this segment. */
  constructor(readonly runs = new LogRuns()) {}

  /** Octets that the index takes in memory are bounded by the size of the segment: one place for each 64 KiB. */
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

  /** Where to begin to read for the first record from `seq` on; undefined when that is the begin of the segment. */
  offsetBefore(seq: number): number | undefined {
    return this.places.findLast((place) => place.seq <= seq)?.offset;
  }

  /** Number of a record that was appended before `time`, with less than the octets of a step up to the first one after it. */
  seqBefore(time: number): number | undefined {
    return this.places.findLast((place) => place.time < time)?.seq;
  }

  /** @param size octets of the whole segment. */
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

  /** @returns undefined when the text is not the undamaged index of this segment. */
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
