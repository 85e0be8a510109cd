import { setTimeout as pause } from 'node:timers/promises';
import { WaitQueue } from '../../../kernel/wait-queue.js';
import type { JournalGap, JournalRecord, ReadFrom } from '../entry-journal.js';
import type { Segment } from './segment.js';
import { HEADER_BYTES, type StoredRecord } from './segment-format.js';
import type { DiskJournalParts, SegmentList } from './segment-list.js';

/** Octets of the newest records that are kept in memory for readers that keep up, so that they need not read the file. */
const RECENT_BYTES = 2 * 2 ** 20;
const READ_TRIES = 5;
const READ_PAUSE_MS = 1000;

/** The position of a reader. */
interface ReaderPlace {
  /** Number of the next record to read. */
  next: number;
  /** Number of the first record that was appended after the reader began. */
  readonly start: number;
  /** Earlier records that were appended before this time are skipped; milliseconds since the epoch. */
  since: number;
  /** Where the last record ends: its segment, and the offset in it. */
  segment?: Segment;
  offset: number;
}

/** JournalReaders passes written records to any number of readers. A waiting reader holds neither a file nor memory. */
export class JournalReaders {
  /** Readers that wait for the next record. */
  private readonly waiting = new WaitQueue();
  /** Consecutive records, the oldest first, kept while there are readers. */
  private recent: StoredRecord[] = [];
  private recentBytes = 0;
  private open = 0;
  /** Number of the newest written record. */
  private last: number;

  constructor(
    private readonly list: SegmentList,
    private readonly parts: DiskJournalParts,
  ) {
    this.last = list.newest;
  }

  /** Wakes the readers that wait for these records. */
  written(records: readonly StoredRecord[]): void {
    this.last = records[records.length - 1].seq;
    if (this.open > 0) this.remember(records);
    this.waiting.wakeAll();
  }

  /** @param newest number of the newest record. 'now' begins after it, and no reader begins later. */
  read(from: ReadFrom, newest: number, signal: AbortSignal): AsyncGenerator<JournalRecord | JournalGap> {
    const after = from === 'now' || 'time' in from ? newest : Math.min(from.after, newest);
    const place: ReaderPlace = { start: newest + 1, next: after + 1, since: -Infinity, offset: HEADER_BYTES };
    return this.follow(place, from !== 'now' && 'time' in from ? from.time : undefined, signal);
  }

  private async *follow(
    place: ReaderPlace,
    time: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<JournalRecord | JournalGap> {
    this.open++;
    try {
      if (time !== undefined) await this.seek(place, time);
      while (!signal.aborted) {
        const recent = this.recentFrom(place.next);
        const segment = recent === undefined ? this.list.find(place.next) : undefined;
        if (recent !== undefined) yield* this.pass(recent, place);
        else if (segment !== undefined) yield* this.readSegment(segment, place, signal);
        else await this.waiting.wait(signal);
      }
    } finally {
      this.open--;
      if (this.open === 0) {
        this.recent = [];
        this.recentBytes = 0;
      }
    }
  }

  /** Moves to an indexed record before `time`. The records between it and `time` are then skipped. */
  private async seek(place: ReaderPlace, time: number): Promise<void> {
    place.since = time;
    const segment = this.list.findTime(time);
    // The records that are not written yet may belong to the time.
    if (segment === undefined) {
      place.next = Math.min(place.next, this.last + 1);
      return;
    }
    const index = await segment.indexOf(this.parts.codec);
    place.next = index.seqBefore(time) ?? segment.header.first;
  }

  private async *readSegment(
    segment: Segment,
    place: ReaderPlace,
    signal: AbortSignal,
  ): AsyncGenerator<JournalRecord | JournalGap> {
    const { next } = place;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        if (place.segment !== segment) {
          place.offset = (await segment.indexOf(this.parts.codec)).offsetBefore(place.next) ?? HEADER_BYTES;
          place.segment = segment;
        }
        for await (const record of segment.records(place.offset)) {
          place.offset = record.end;
          yield* this.pass(record, place);
          if (signal.aborted) return;
        }
        break;
      } catch (error) {
        await this.list.forgetMissing();
        if (this.list.find(place.next) !== segment) return;
        this.parts.stats.failures++;
        this.parts.problems.report('read', `${segment.path} cannot be read: ${(error as Error).message}`);
        if (tries >= READ_TRIES && isLost(error)) break;
        await pause(Math.min(READ_PAUSE_MS, this.parts.options.retryMs ?? Infinity), undefined, {
          signal,
        }).catch(() => undefined);
      }
    }
    // The segment should contain the next record, but no record was found.
    if (place.next === next && next <= segment.last && this.list.find(next) === segment && !signal.aborted)
      yield* this.gap(place, segment.last);
  }

  /** Yields a record, after a gap if records before it are missing. */
  private *pass(record: StoredRecord, place: ReaderPlace): Generator<JournalRecord | JournalGap> {
    const { seq, kind, time, payload } = record;
    if (seq < place.next) return;
    if (time < place.since && seq < place.start) {
      place.next = seq + 1;
      return;
    }
    const isFirstByTime = place.since > -Infinity;
    place.since = -Infinity;
    if (isFirstByTime) place.next = seq;
    if (seq > place.next) yield* this.gap(place, seq - 1);
    let batch;
    try {
      batch = this.parts.codec.decode(payload);
    } catch (error) {
      this.parts.stats.holes++;
      this.parts.problems.report(
        'decode',
        `record ${seq} of the journal cannot be read: ${(error as Error).message}`,
      );
      yield* this.gap(place, seq);
      return;
    }
    place.next = seq + 1;
    if (batch.count > 0) yield { seq, kind, batch };
  }

  private *gap(place: ReaderPlace, to: number): Generator<JournalGap> {
    const from = place.next;
    place.next = to + 1;
    yield { from, to };
  }

  private remember(records: readonly StoredRecord[]): void {
    const { recent } = this;
    recent.push(...records);
    for (const { payload } of records) this.recentBytes += payload.length;
    let excess = 0;
    for (; this.recentBytes > RECENT_BYTES; excess++) this.recentBytes -= recent[excess].payload.length;
    recent.splice(0, excess);
  }

  /** The first record of {@link recent} from `next` on; undefined if a record from `next` on may be missing there. */
  private recentFrom(next: number): StoredRecord | undefined {
    const { recent } = this;
    if (recent.length === 0 || recent[0].seq > next || next > this.last) return undefined;
    let at = recent.length - 1;
    while (at > 0 && recent[at - 1].seq >= next) at--;
    return recent[at];
  }
}

/** Whether the records are lost. Other errors pass: a lack of file descriptors, memory or permissions. */
function isLost(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || code === 'EIO';
}
