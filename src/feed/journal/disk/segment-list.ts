import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { BackPressure } from '../../back-pressure.js';
import { JournalError } from '../journal-error.js';
import type { DiskJournalOptions, DiskJournalStats } from './disk-journal-options.js';
import { LogRuns } from './log-runs.js';
import { type JournalCodec, Segment } from './segment.js';
import { HEADER_BYTES, RECORD_HEAD_BYTES } from './segment-format.js';

const SEGMENT_BYTES = 32 * 2 ** 20;

/** What other parts of a disk journal share. */
export interface DiskJournalParts {
  readonly options: DiskJournalOptions;
  readonly codec: JournalCodec;
  readonly stats: DiskJournalStats;
  readonly problems: ProblemLog;
  readonly pressure: BackPressure;
}

/** The segments of the folder, and which of them are kept. */
export class SegmentList {
  readonly segmentBytes: number;
  /** Names the sequence; of the newest segment. */
  epoch = randomBytes(8).toString('hex');
  /** Number of the newest record that was ever stored here, or higher. */
  newest = 0;
  /** The `next` entries that were appended. */
  readonly runs = new LogRuns();
  /** In order of their numbers. */
  private readonly segments: Segment[] = [];
  private readonly released = new Map<string, number>();

  constructor(private readonly parts: DiskJournalParts) {
    const { maxBytes, segmentBytes = SEGMENT_BYTES } = parts.options;
    this.segmentBytes = Math.min(segmentBytes, Math.ceil(maxBytes / 8));
  }

  /**
   * Reads what the folder holds. Nothing is changed before every segment is known to be of this version.
   * @throws JournalError `JOURNAL_OTHER_VERSION`
   */
  async load(): Promise<void> {
    const { options, codec, problems } = this.parts;
    const names = (await readdir(options.folder))
      .filter((name) => Segment.firstOf(name) !== undefined)
      .sort();
    for (const name of names) await this.open(join(options.folder, name), Segment.firstOf(name)!);
    for (const segment of this.segments) {
      const isNewest = segment === this.segments.at(-1);
      const { runs, cut } = await segment.load(codec, isNewest);
      this.runs.addAll(runs);
      this.grew(segment.size);
      this.newest = Math.max(this.newest, segment.last);
      this.epoch = segment.header.epoch;
      if (cut > 0)
        problems.report('torn', `${segment.path}: ${cut} octets of an unfinished record were cut off`);
    }
  }

  /** Number of the oldest record; undefined without records. */
  get oldest(): number | undefined {
    return this.segments.find(({ isEmpty }) => !isEmpty)?.header.first;
  }

  get last(): Segment | undefined {
    return this.segments.at(-1);
  }

  add(segment: Segment): void {
    this.segments.push(segment);
    this.grew(segment.size);
  }

  /** Counts octets that were written, or with a minus removed. */
  grew(octets: number): void {
    const { stats } = this.parts;
    stats.bytes += octets;
    stats.segments = this.segments.length;
    stats.oldestTime = this.segments.find(({ isEmpty }) => !isEmpty)?.firstTime;
  }

  /** Takes a segment out of the list; its files stay. @returns whether it was in there. */
  forget(segment: Segment): boolean {
    const at = this.segments.indexOf(segment);
    if (at < 0) return false;
    this.segments.splice(at, 1);
    this.grew(-segment.size);
    return true;
  }

  /** Takes the segments out of the list whose files somebody has removed: their records are lost. */
  async forgetMissing(): Promise<void> {
    for (const segment of this.segments.slice()) {
      const isMissing = await stat(segment.path).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
      );
      if (!isMissing || !this.forget(segment)) continue;
      this.parts.stats.holes++;
      this.parts.problems.report('missing', `${segment.path} is gone, and its records with it`);
    }
  }

  /** The segment to read for the first record from `seq` on. */
  find(seq: number): Segment | undefined {
    return this.segments.find((segment) => segment.last >= seq && !segment.isEmpty);
  }

  /** The first segment with a record that was appended at `time` or later. */
  findTime(time: number): Segment | undefined {
    return this.segments.find((segment) => segment.lastTime >= time && !segment.isEmpty);
  }

  /** A reader that registers drops nothing: others may register after it. */
  release(reader: string, seq: number): void {
    const isKnown = this.released.has(reader);
    this.released.set(reader, seq);
    if (isKnown) this.retain();
  }

  /** Drops the segments that are too old or too many; the newest one stays. */
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
      // As many records as there can have been: no number comes twice.
      const { size } = await stat(path);
      this.newest = Math.max(this.newest, first + Math.ceil((size + HEADER_BYTES) / RECORD_HEAD_BYTES));
    }
  }

  /** To be given to new segments. */
  readonly reportDamage = (segment: Segment, offset: number, octets: number): void => {
    this.parts.stats.holes++;
    this.parts.problems.report(
      `${segment.path} ${offset}`,
      `${segment.path}: ${octets} octets from ${offset} on are damaged; their records are left out`,
    );
  };

  /** A registered reader that has not released all of a segment. */
  private readerOf(segment: Segment): string | undefined {
    for (const [reader, seq] of this.released) if (seq < segment.last) return reader;
    return undefined;
  }

  private skip(segment: Segment, reader: string): void {
    const { stats, problems, options } = this.parts;
    const from = Math.max(segment.header.first, (this.released.get(reader) ?? 0) + 1);
    stats.skippedRecords += segment.last - from + 1;
    const message = `${options.folder}: the journal is full; records ${from} to ${segment.last} are dropped, which ${reader} has not read`;
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
