import { sliceEntryBatch } from '../../../certificate/entry-batch-builder.js';
import type { EntryBatch, RecordKind } from '../../../certificate/entry-batch.js';
import { systemClock } from '../../../kernel/clock.js';
import { WaitQueue } from '../../../kernel/wait-queue.js';
import type { JournaledEntries, JournaledLog, JournalPlace, UnavailableEntries } from '../entry-journal.js';
import { encodeFrame, type EncodedFrame } from './frame-encoding.js';
import { type Frame, FrameQueue } from './frame-queue.js';
import { readHoldings } from './log-holdings.js';
import { subjectOf } from './stream-subjects.js';
import { isOwned, type PublisherParts, SubjectFence } from './subject-fence.js';

const GATHER_MS = 200;
/** A log waits above these bounds on what it has not published yet. */
const MAX_PENDING_BYTES = 4 * 2 ** 20;
const MAX_PENDING_PARTS = 64;
const OWNER_CHECK_MS = 100;

/**
 * FencedPublisher appends the entries of one log to the stream, as long as no other process does. Every publish names the sequence of the
 * last message of the log (`Nats-Expected-Last-Subject-Sequence`), so of two publishers only one succeeds. One publish is under way at a
 * time; entries that arrive meanwhile share the next message.
 */
export class FencedPublisher {
  private readonly queue = new FrameQueue();
  private readonly changes = new WaitQueue();
  private readonly over = new AbortController();
  private readonly fence: SubjectFence;
  private isLeaving = false;
  private publishedAt = -Infinity;
  /** Number of entries that are being published. */
  private underWay = 0;
  /** Most octets of a message, as far as the servers have refused larger ones. */
  private maxBytes = Infinity;
  /** Numbers of the appended and of the stored parts. */
  private appended = 0;
  private stored = 0;

  private constructor(
    readonly log: JournaledLog,
    private readonly parts: PublisherParts,
    last: JournalPlace,
    /** Index after the last entry of the log in the stream. */
    private storedEnd: number | undefined,
    /** The same, or in the queue; undefined if the next entries follow no others. */
    private end: number | undefined,
  ) {
    const subject = subjectOf(parts.settings.prefix, log.key);
    this.fence = new SubjectFence(log, subject, last, parts, (reason) => this.fenced(reason));
    void this.run();
  }

  /** @param next as in `EntryJournal.open`, and so is `known`. @throws the error of the client. */
  static async open(
    log: JournaledLog,
    next: number | undefined,
    known: JournalPlace | undefined,
    parts: PublisherParts,
  ): Promise<{ readonly publisher: FencedPublisher; readonly held: JournaledEntries | undefined }> {
    const subject = subjectOf(parts.settings.prefix, log.key);
    const { last, entries: held } = await readHoldings(parts, subject, known);
    const storedEnd = held?.end ?? next;
    // Without a position, the log starts over, and nothing that it appends is known.
    const end = next === undefined ? undefined : storedEnd;
    return { publisher: new FencedPublisher(log, parts, last, storedEnd, end), held };
  }

  /** Octets of memory of the entries that wait. */
  get bytes(): number {
    return this.queue.bytes;
  }

  /** As `SharedJournal.ready`. */
  ready(signal?: AbortSignal): Promise<void> | undefined {
    const isFull = this.queue.bytes > MAX_PENDING_BYTES || this.queue.length > MAX_PENDING_PARTS;
    return isFull ? this.changes.wait(signal).then(() => undefined) : undefined;
  }

  get isOver(): boolean {
    return this.over.signal.aborted;
  }

  /** The last message of the log in the stream. */
  get place(): JournalPlace {
    return this.fence.place;
  }

  /** Whether a part of what was appended will not be stored. */
  get hasGivenUp(): boolean {
    return this.isOver && this.stored < this.appended;
  }

  /** Appends entries. @returns the number of entries at the start of the batch that the stream already has. */
  append(batch: EntryBatch, kind: RecordKind): number {
    const { firstIndex, count } = batch;
    if (kind === 'next' && !this.continuesAt(firstIndex)) {
      this.parts.stats.givenUpEntries += count;
      return 0;
    }
    const known =
      kind === 'next' && this.end !== undefined ? Math.min(count, Math.max(0, this.end - firstIndex)) : 0;
    if (known === count) return known;
    this.queue.push(known === 0 ? batch : sliceEntryBatch(batch, known, count), kind);
    if (kind === 'next') this.end = firstIndex + count;
    this.added();
    return known;
  }

  unavailable({ source, from, to }: UnavailableEntries): void {
    if (!this.continuesAt(from)) return;
    const first = Math.max(from, this.end ?? from);
    if (first >= to) return;
    this.queue.pushUnavailable({ source, from: first, to });
    this.end = to;
    this.added();
  }

  /** Publishes what waits, unless this process is not the owner of the log any more, and ends. Resolves when nothing waits. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    this.changes.wakeAll();
    while (!this.isOver) {
      if (!isOwned(this.log)) this.stop();
      else await this.changes.waitFor(OWNER_CHECK_MS, systemClock, this.over.signal);
    }
  }

  /** Resolves when everything that was appended before is stored or given up. @returns whether all is stored. */
  async settled(): Promise<boolean> {
    const { appended } = this;
    while (this.stored < appended && !this.isOver) await this.changes.wait(this.over.signal);
    return this.stored >= appended;
  }

  /** Gives up everything that waits, and publishes nothing more. */
  stop(): void {
    if (this.isOver) return;
    this.parts.stats.givenUpEntries += this.queue.entries + this.underWay;
    this.over.abort();
    this.queue.clear();
    this.parts.onChange();
    this.changes.wakeAll();
  }

  /**
   * Whether nothing is missing between the end of the log in the stream and an index. Else it is a mistake of this program: the log is given
   * up, and is continued at its end in the stream.
   */
  private continuesAt(index: number): boolean {
    if (this.isOver) return false;
    const { end } = this;
    if (end === undefined || index <= end) return true;
    // Counts as appended and never stored.
    this.appended++;
    this.stop();
    this.fenced(`entries ${end} to ${index - 1} are missing before entry ${index}`);
    return false;
  }

  private added(): void {
    this.appended++;
    this.parts.onChange();
    if (this.queue.length === 1 || this.queue.isReady) this.changes.wakeAll();
  }

  private async run(): Promise<void> {
    const { signal } = this.over;
    while (!this.isOver) {
      if (this.queue.length > 0) {
        await this.gather(signal);
        await this.publishNext(signal);
      } else if (this.isLeaving) this.stop();
      else await this.changes.wait(signal);
    }
  }

  /** Waits for more entries, until a time after the last publish. */
  private async gather(signal: AbortSignal): Promise<void> {
    const due = this.publishedAt + (this.parts.settings.gatherMs ?? GATHER_MS);
    while (!this.isOver && !this.isLeaving && !this.queue.isReady) {
      const left = due - systemClock.now();
      if (left <= 0) break;
      await this.changes.waitFor(left, systemClock, signal);
    }
    this.publishedAt = systemClock.now();
  }

  private encoded(frame: Frame): EncodedFrame[] {
    return encodeFrame(frame, this.limit, (entry, octets) => this.refused(entry, octets));
  }

  private async publishNext(signal: AbortSignal): Promise<void> {
    const { stats, channel } = this.parts;
    const frame = this.queue.take(this.limit);
    if (frame === undefined) return;
    const pieces = this.encoded(frame);
    while (pieces.length > 0) {
      const piece = pieces[0];
      const next = this.endWith(piece.frame);
      this.underWay = pieces.reduce((sum, { frame: { batch } }) => sum + batch.count, 0);
      const result = await this.fence.store(piece, next, signal);
      if (result === 'over') return this.stop();
      pieces.shift();
      if (result === 'large') {
        this.maxBytes = Math.floor(Math.min(channel.maxPayload, this.maxBytes, piece.body.length) * 0.9);
        pieces.unshift(...this.encoded(piece.frame));
        continue;
      }
      this.storedEnd = next;
      stats.publishedRecords++;
      stats.publishedEntries += piece.frame.batch.count;
      stats.publishedBytes += piece.body.length;
    }
    this.underWay = 0;
    this.stored += frame.parts;
    this.parts.onChange();
    this.changes.wakeAll();
  }

  private endWith({ kind, first, count }: Frame): number | undefined {
    if (kind === 'next') return first + count;
    return kind === 'unavailable' ? Math.max(first + count, this.storedEnd ?? 0) : this.storedEnd;
  }

  private get limit(): number {
    return Math.min(this.parts.channel.maxPayload, this.maxBytes);
  }

  /** Counts an entry that no message can hold. Readers get a record of it as unavailable. */
  private refused(frame: Frame, octets: number): Frame {
    const { stats, problems } = this.parts;
    stats.refusedEntries++;
    problems.report(
      'large',
      `entry ${frame.first} of ${this.log.url} has ${octets} octets, and a message of the nats servers at most ${this.limit}; raise max_payload`,
    );
    return { ...frame, kind: 'unavailable', batch: sliceEntryBatch(frame.batch, 0, 0) };
  }

  private fenced(reason: string): void {
    this.parts.stats.fencedLogs++;
    this.parts.onFenced(this.log, reason);
  }
}
