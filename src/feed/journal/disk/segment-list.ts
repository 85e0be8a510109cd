import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { BackPressure } from '../../back-pressure.js';
import type { JournalCodec } from './journal-codec.js';
import { JournalError } from '../journal-error.js';
import type { DiskJournalOptions, DiskJournalStats } from './disk-journal-options.js';
import { RecordCounts } from '../record-counts.js';
import { LogRuns } from './log-runs.js';
import { Segment } from './segment.js';
import { HEADER_BYTES, RECORD_HEAD_BYTES } from './segment-format.js';

const SEGMENT_BYTES = 32 * 2 ** 20;

/** Objects that the parts of a disk journal share. */
export interface DiskJournalParts {
  readonly options: DiskJournalOptions;
  readonly codec: JournalCodec;
  readonly stats: DiskJournalStats;
  readonly problems: ProblemLog;
  readonly pressure: Pick<BackPressure, 'hold' | 'release'>;
}

/** SegmentList holds the segments of the folder, and drops those that are no longer needed. */
export class SegmentList {
  readonly segmentBytes: number;
  /** The name of the sequence of numbers, from the newest segment. */
  epoch = randomBytes(8).toString('hex');
  /** Number of this run of the server, after {@link load}. */
  run = 1;
  /** At least the number of the newest record ever stored in the folder. */
  newest = 0;
  /** The appended `next` entries. */
  readonly runs = new LogRuns();
  /** The written records. */
  readonly counts = new RecordCounts();
  /** The segments, in order of their record numbers. */
  private readonly segments: Segment[] = [];
  private readonly released = new Map<string, number>();

  constructor(private readonly parts: DiskJournalParts) {
    const { maxBytes, segmentBytes = SEGMENT_BYTES } = parts.options;
    this.segmentBytes = Math.min(segmentBytes, Math.ceil(maxBytes / 8));
  }

  /**
   * Reads the segments of the folder. No file is changed before every header is checked for this version.
   * @throws JournalError `JOURNAL_OTHER_VERSION`
   */
  async load(): Promise<void> {
    const { options, codec, problems } = this.parts;
    const names = (await readdir(options.folder, { withFileTypes: true }))
      .filter((entry) => Segment.firstOf(entry.name) !== undefined)
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort();
    for (const name of names) await this.open(join(options.folder, name), Segment.firstOf(name)!);
    for (const segment of this.segments) {
      const isNewest = segment === this.segments.at(-1);
      const { index, cut } = await segment.load(codec, isNewest);
      this.runs.addAll(index.runs);
      for (const records of index.counts(segment.size)) this.counts.add(records);
      this.grew(segment.size);
      this.newest = Math.max(this.newest, segment.last);
      this.epoch = segment.header.epoch;
      this.run = Math.max(this.run, segment.header.run + 1);
      if (cut > 0)
        problems.report('torn', `${segment.path}: ${cut} octets of an unfinished record were cut off`);
    }
  }

  /** Number of the oldest record; undefined without records. */
  get oldest(): number | undefined {
    return this.segments.find(({ isEmpty }) => !isEmpty)?.header.first;
  }

  /** When the oldest record was appended, milliseconds since the epoch. */
  get firstTime(): number | undefined {
    return this.segments.find(({ isEmpty }) => !isEmpty)?.firstTime;
  }

  get last(): Segment | undefined {
    return this.segments.at(-1);
  }

  add(segment: Segment): void {
    this.segments.push(segment);
    this.grew(segment.size);
  }

  /** Updates the figures after `octets` were written; negative after octets were removed. */
  grew(octets: number): void {
    const { stats } = this.parts;
    stats.bytes += octets;
    stats.segments = this.segments.length;
    stats.oldestTime = this.firstTime;
  }

  /** Removes a segment from the list; its files stay. @returns whether it was in the list. */
  forget(segment: Segment): boolean {
    const at = this.segments.indexOf(segment);
    if (at < 0) return false;
    this.segments.splice(at, 1);
    if (at === 0) this.counts.forgetBefore(segment.last + 1);
    this.grew(-segment.size);
    return true;
  }

  /** Removes from the list the segments whose files are gone: their records are lost. */
  async forgetMissing(): Promise<void> {
    for (const segment of this.segments.slice()) {
      const isMissing = await stat(segment.path).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
      );
      if (!isMissing || !this.forget(segment)) continue;
      this.parts.stats.holes++;
      this.parts.problems.report('missing', `${segment.path} is gone; its records are lost`);
    }
  }

  /** The segment that contains the first record from `seq` on. */
  find(seq: number): Segment | undefined {
    return this.segments.find((segment) => segment.last >= seq && !segment.isEmpty);
  }

  /** The segments that contain records after `seq`. */
  after(seq: number): readonly Segment[] {
    return this.segments.filter((segment) => segment.last > seq && !segment.isEmpty);
  }

  /** As `EntryJournal.endOf`. @param newest number of the newest record, written or not. */
  endOf(run: number, newest: number): number | undefined {
    if (run > this.run) return undefined;
    const later = this.segments.find(({ header }) => header.run > run);
    return later?.header.first ?? newest + 1;
  }

  /** The first segment with a record appended at `time` or later. */
  findTime(time: number): Segment | undefined {
    return this.segments.find((segment) => segment.lastTime >= time && !segment.isEmpty);
  }

  /**
   * Notes that a reader needs no record up to `seq`. The first call of a reader registers it and drops no segment, because other
   * readers may register after it.
   */
  release(reader: string, seq: number): void {
    const isKnown = this.released.has(reader);
    this.released.set(reader, seq);
    if (isKnown) this.retain();
  }

  /** Drops the oldest segments while they are too old or exceed `maxBytes`. The newest segment always stays. */
  retain(): void {
    const { options, stats, problems, pressure } = this.parts;
    const { maxBytes, maxAgeMs, onFull, now = Date.now } = options;
    for (let [oldest] = this.segments; this.segments.length > 1; [oldest] = this.segments) {
      const isOver = stats.bytes > maxBytes;
      const reader = this.readerOf(oldest);
      if (!isOver && (oldest.lastTime >= now() - maxAgeMs || reader !== undefined)) break;
      if (reader !== undefined && onFull === 'wait') break;
      if (reader !== undefined) this.skip(oldest, reader);
      this.drop(oldest);
    }
    const holder = this.segments.length > 1 ? this.readerOf(this.segments[0]) : undefined;
    // A registered reader needs the oldest segment although there is no room.
    const mustWait = onFull === 'wait' && holder !== undefined && stats.bytes > maxBytes - this.segmentBytes;
    if (mustWait) {
      pressure.hold(this);
      problems.report(
        'full',
        `${options.folder}: the journal is full, and ${holder} has not read the oldest records; logs wait`,
      );
    } else {
      pressure.release(this);
      problems.resolved('full');
    }
  }

  private async open(path: string, first: number): Promise<void> {
    const { stats, problems } = this.parts;
    try {
      this.segments.push(await Segment.open(path, this.reportDamage));
    } catch (error) {
      if (!(error instanceof JournalError) || error.code !== 'JOURNAL_DAMAGED') throw error;
      stats.holes++;
      problems.report(path, error.message);
      // The file may have held this many records. Their numbers are not used again.
      const { size } = await stat(path);
      this.newest = Math.max(this.newest, first + Math.ceil((size + HEADER_BYTES) / RECORD_HEAD_BYTES));
    }
  }

  /** Reports damaged octets; the callback for new segments. */
  readonly reportDamage = (segment: Segment, offset: number, octets: number): void => {
    this.parts.stats.holes++;
    this.parts.problems.report(
      `${segment.path} ${offset}`,
      `${segment.path}: ${octets} octets from ${offset} on are damaged; their records are lost`,
    );
  };

  /** A registered reader that has not released the whole segment. */
  private readerOf(segment: Segment): string | undefined {
    for (const [reader, seq] of this.released) if (seq < segment.last) return reader;
    return undefined;
  }

  private skip(segment: Segment, reader: string): void {
    const { stats, problems, options } = this.parts;
    const from = Math.max(segment.header.first, (this.released.get(reader) ?? 0) + 1);
    stats.skippedRecords += segment.last - from + 1;
    const message = `${options.folder}: the journal is full; dropped records ${from} to ${segment.last}, which ${reader} has not read`;
    problems.report(`skip ${reader}`, message);
  }

  private drop(segment: Segment): void {
    const { stats, problems } = this.parts;
    this.forget(segment);
    segment.remove().catch((error: Error) => {
      stats.failures++;
      problems.report('remove', `${segment.path} cannot be removed: ${error.message}`);
    });
  }
}
