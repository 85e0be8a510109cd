import { setImmediate as nextTick } from 'node:timers/promises';
import { JournalError } from '../journal-error.js';
import { type AppendedRecord, Segment } from './segment.js';
import { SegmentFile } from './segment-file.js';
import { newHeader } from './segment-format.js';
import type { DiskJournalParts, SegmentList } from './segment-list.js';
import { makeFolder } from '../../../kernel/atomic-file.js';

/** Publishers wait while more octets than this wait to be written. */
const HOLD_BYTES = 8 * 2 ** 20;
/** Maximum number of octets that wait to be written; {@link HOLD_BYTES} while the disk fails. */
const MAX_PENDING_BYTES = 32 * 2 ** 20;
/** Maximum number of records per write. */
const MAX_RECORDS = 256;

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: JournalError) => void;
}

/**
 * SegmentWriter appends records to the newest segment. It writes the records of one tick with one call, and syncs at most a
 * second later. After a failure it tries again every few seconds, with a new segment.
 */
export class SegmentWriter {
  private active: SegmentFile | undefined;
  private readonly pending: AppendedRecord[] = [];
  private pendingBytes = 0;
  private waiters: Waiter[] = [];
  /** When the next sync is due, monotonic milliseconds; undefined when all written records are synced. */
  private syncAt: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  /** Set until records can be stored again. */
  private failure: JournalError | undefined;
  /** Why records were lost; cleared when {@link durable} has reported it. */
  private loss: JournalError | undefined;
  private isClosing = false;
  private newest: number;

  /** @param onWritten called with records when they are written, before they are synced. */
  constructor(
    private readonly list: SegmentList,
    private readonly parts: DiskJournalParts,
    private readonly onWritten: (records: readonly AppendedRecord[]) => void,
  ) {
    this.newest = list.newest;
  }

  /** Opens the newest segment if it is empty, or creates one. @throws when the folder is not writable. */
  async start(): Promise<void> {
    const { last } = this.list;
    const first = last?.isEmpty === true ? last.header.first : this.newest + 1;
    this.active = await this.create(first);
  }

  /** Queues a record. Never throws. A record for which there is no room is lost. */
  append(record: AppendedRecord): void {
    this.newest = record.seq;
    const { length } = record.payload;
    const limit = this.failure === undefined ? MAX_PENDING_BYTES : HOLD_BYTES;
    if (this.isClosing || (this.pending.length > 0 && this.pendingBytes + length > limit)) {
      const reason = this.isClosing ? 'the journal is closed' : 'there is no room for more records';
      this.lose(record.seq, 1, this.failure ?? this.errorOf(reason));
      return;
    }
    this.pending.push(record);
    this.pendingBytes += length;
    if (this.failure === undefined && this.pendingBytes > HOLD_BYTES) this.parts.pressure.hold(this);
    this.wake();
  }

  /** Counts and reports lost records. @param newest number of the last one. */
  lose(newest: number, records: number, error: JournalError): void {
    this.newest = Math.max(this.newest, newest);
    this.loss = error;
    this.parts.stats.lostRecords += records;
    this.parts.problems.report('lost', `records are lost: ${error.message}`, { code: error.code });
  }

  /** Resolves when all records appended before this call are stored. @throws JournalError when one is lost or cannot be stored now. */
  durable(): Promise<void> {
    const isIdle = this.pending.length === 0 && this.syncAt === undefined && this.working === undefined;
    if (isIdle && this.loss === undefined && this.failure === undefined) return Promise.resolve();
    if (isIdle && this.isClosing) return Promise.reject(this.loss ?? this.failure!);
    return new Promise((resolve, reject) => {
      this.waiters.push({ seq: this.newest, resolve, reject });
      this.wake();
    });
  }

  /** Stores the waiting records, with one more try after a failure, and closes the file. Never throws. */
  async close(): Promise<void> {
    this.isClosing = true;
    await this.working;
    this.clearTimer();
    this.wake();
    await this.working;
    await this.active?.seal().catch((error: Error) => this.fail(error));
    this.active = undefined;
    this.parts.pressure.release(this);
  }

  /** Starts to write, unless a write is under way or the next try after a failure is not due. */
  private wake(): void {
    if (this.working !== undefined || (this.failure !== undefined && this.timer !== undefined)) return;
    this.clearTimer();
    this.working = this.work();
  }

  private async work(): Promise<void> {
    try {
      await nextTick();
      for (;;) {
        if (this.pending.length > 0) await this.write();
        const wait = this.msUntilSync();
        if (wait <= 0) await this.sync();
        else if (this.pending.length === 0) {
          if (wait < Infinity) this.wakeIn(wait);
          return;
        }
      }
    } catch (error) {
      await this.fail(error as Error);
    } finally {
      this.working = undefined;
    }
  }

  private msUntilSync(): number {
    if (this.failure !== undefined) return 0;
    if (this.syncAt !== undefined) return this.isClosing ? 0 : this.syncAt - performance.now();
    return this.waiters.length > 0 ? 0 : Infinity;
  }

  private async write(): Promise<void> {
    const { list, pending, parts } = this;
    if (this.active !== undefined && this.active.segment.size >= list.segmentBytes) {
      await this.active.seal();
      this.active = undefined;
    }
    this.active ??= await this.create(pending[0].seq);
    const { segment } = this.active;
    const before = segment.size;
    let size = before;
    let count = 0;
    for (; count < Math.min(MAX_RECORDS, pending.length) && size < list.segmentBytes; count++)
      size += pending[count].payload.length;
    const written = await this.active.write(pending.slice(0, count));
    const records = pending.splice(0, written);
    for (const { payload } of records) this.pendingBytes -= payload.length;
    if (this.pendingBytes <= HOLD_BYTES / 2) parts.pressure.release(this);
    this.syncAt ??= performance.now() + (parts.options.syncMs ?? 1000);
    parts.stats.bytesWritten += segment.size - before;
    list.grew(segment.size - before);
    list.retain();
    this.onWritten(records);
  }

  private async create(first: number): Promise<SegmentFile> {
    const { list, parts } = this;
    const header = newHeader(list.epoch, list.run, first);
    if (list.last?.isEmpty === true && list.last.header.first === first)
      return SegmentFile.reopen(list.last, header);
    await makeFolder(parts.options.folder);
    const path = Segment.pathOf(parts.options.folder, first);
    const file = await SegmentFile.create(new Segment(path, header, list.reportDamage));
    list.add(file.segment);
    return file;
  }

  private async sync(): Promise<void> {
    const handled = this.pending.length > 0 ? this.pending[0].seq - 1 : this.newest;
    this.active ??= await this.create(handled + 1);
    await this.active.sync();
    this.syncAt = undefined;
    this.parts.stats.syncs++;
    if (this.failure !== undefined) this.parts.problems.resolved('write');
    this.failure = undefined;
    const { waiters, loss } = this;
    const settled = waiters.filter(({ seq }) => seq <= handled);
    this.waiters = waiters.filter(({ seq }) => seq > handled);
    if (settled.length > 0) this.loss = undefined;
    for (const { resolve, reject } of settled) {
      if (loss === undefined) resolve();
      else reject(loss);
    }
  }

  private async fail(error: Error): Promise<void> {
    const { stats, problems, pressure, options } = this.parts;
    const failure = this.errorOf(`records cannot be stored: ${error.message}`, error);
    stats.failures++;
    this.failure = failure;
    problems.report('write', `${failure.message}; streaming continues`, { code: failure.code });
    await this.abandon(failure);
    this.syncAt = undefined;
    pressure.release(this);
    const { waiters } = this;
    this.waiters = [];
    if (waiters.length > 0) this.loss = undefined;
    for (const { reject } of waiters) reject(failure);
    if (!this.isClosing) this.wakeIn(options.retryMs ?? 5000);
  }

  private async abandon(failure: JournalError): Promise<void> {
    const { active, list } = this;
    this.active = undefined;
    if (active !== undefined) {
      const before = active.segment.size;
      const lost = await active.abandon();
      list.grew(active.segment.size - before);
      if (lost > 0) this.lose(this.newest, lost, failure);
    }
    await list.forgetMissing();
    // Frees space: the disk may be full of segments that are no longer needed.
    list.retain();
  }

  private wakeIn(ms: number): void {
    this.clearTimer();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.wake();
    }, ms);
  }

  private clearTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private errorOf(reason: string, cause?: unknown): JournalError {
    return new JournalError('JOURNAL_UNWRITABLE', this.parts.options.folder, reason, cause);
  }
}
