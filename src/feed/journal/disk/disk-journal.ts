import { join } from 'node:path';
import type { EntryBatch, RecordKind } from '../../../certificate/entry-batch.js';
import { EntryBatchBuilder, sliceEntryBatch } from '../../../certificate/entry-batch-builder.js';
import { prepareReplacement } from '../../../kernel/atomic-file.js';
import { FileLock } from '../../../kernel/file-lock.js';
import { ProblemLog, type ProblemLogTarget } from '../../../logging/problem-log.js';
import type { BackPressure } from '../../back-pressure.js';
import type {
  AppendedRecord,
  EntryJournal,
  JournalBacklog,
  JournaledLog,
  JournalGap,
  JournalRecord,
  ReadFrom,
} from '../entry-journal.js';
import type { JournalCodec } from './journal-codec.js';
import { JournalError } from '../journal-error.js';
import { type DiskJournalOptions, DiskJournalStats } from './disk-journal-options.js';
import { JournalReaders } from './journal-readers.js';
import { MAX_PAYLOAD_BYTES, RECORD_HEAD_BYTES } from './segment-format.js';
import { type DiskJournalParts, SegmentList } from './segment-list.js';
import { SegmentWriter } from './segment-writer.js';

/** More records than a loss of power can remove. */
const MAX_JUMP = 1e9;

/**
 * DiskJournal is a journal in the files of a folder. Records are appended to segments; a full segment gets an index file. Records
 * written before {@link durable} resolved survive a loss of power; all written records survive the end of the process. Readers
 * get records as soon as they are written.
 */
export class DiskJournal implements EntryJournal {
  readonly stats: DiskJournalStats;
  readonly delivers = false;
  private readonly readers: JournalReaders;
  private readonly writer: SegmentWriter;
  private latest: number;
  private readonly openedAt = Date.now();

  private constructor(
    private readonly parts: DiskJournalParts,
    private readonly list: SegmentList,
    private readonly lock: FileLock,
  ) {
    this.stats = parts.stats;
    this.latest = list.newest;
    this.readers = new JournalReaders(list, parts);
    this.writer = new SegmentWriter(list, parts, (records) => {
      for (const { seq, time, payload, from, end } of records)
        list.counts.add({
          seq,
          last: seq,
          time,
          entries: end - from,
          bytes: RECORD_HEAD_BYTES + payload.length,
        });
      this.readers.written(records);
    });
  }

  /**
   * Creates the folder, or reads its segments. No segment is dropped before the first append, because readers register after
   * this call.
   * @param pressure held while the journal is full, or while more than 8 MiB wait to be written. Records beyond 32 MiB are lost.
   * @throws JournalError `JOURNAL_LOCKED`, `JOURNAL_OTHER_VERSION` or `JOURNAL_UNUSABLE`
   */
  static async open(
    options: DiskJournalOptions,
    codec: JournalCodec,
    pressure: BackPressure,
    log: ProblemLogTarget,
  ): Promise<DiskJournal> {
    const { folder } = options;
    const problems = new ProblemLog(log);
    const parts = { options, codec, problems, stats: new DiskJournalStats(), pressure };
    let lock: FileLock | undefined;
    try {
      await prepareReplacement(join(folder, 'journal'));
      lock = await FileLock.acquire(join(folder, 'journal'), () => lockedError(folder));
      if (lock.obstacle !== undefined)
        problems.report('lock', `${folder}: cannot detect a second server on this folder: ${lock.obstacle}`);
      const list = new SegmentList(parts);
      await list.load();
      const journal = new DiskJournal(parts, list, lock);
      await journal.writer.start();
      return journal;
    } catch (error) {
      await lock?.release();
      throw JournalError.unusable(folder, error);
    }
  }

  get epoch(): string {
    return this.list.epoch;
  }

  get run(): number {
    return this.list.run;
  }

  get oldest(): number {
    return this.list.oldest ?? this.latest + 1;
  }

  get oldestTime(): number {
    return this.list.firstTime ?? this.openedAt;
  }

  get newest(): number {
    return this.latest;
  }

  /** Returns the index after the newest `next` entry of a log; undefined without such an entry. */
  end(logUrl: string): number | undefined {
    return this.list.runs.get(logUrl)?.end;
  }

  /**
   * Stores a record without entries for a log without a position. No reader gets it. It makes the log start over after a restart of
   * the server too.
   */
  open({ url }: JournaledLog, next: number | undefined): Promise<undefined> {
    if (next === undefined && this.end(url) !== undefined) {
      const source = { name: '', url, operator: '', type: 'rfc6962' } as const;
      const head = { source, firstIndex: 0, bytes: Buffer.alloc(0), seen: 0 };
      this.store(new EntryBatchBuilder('get-entries').build(head), 'next');
    }
    return Promise.resolve(undefined);
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  live(): void {
    // The publisher delivers each record itself.
  }

  unavailable(): void {
    // The publisher reports the entries itself.
  }

  endOf(run: number): number | undefined {
    return this.list.endOf(run, this.latest);
  }

  append(batch: EntryBatch, kind: RecordKind): AppendedRecord {
    const { firstIndex, count } = batch;
    const run = kind === 'next' ? this.list.runs.get(batch.source.url) : undefined;
    // Entries before the run may belong to a gap that the server had not saved when it stopped.
    const known = run === undefined || firstIndex < run.from ? 0 : Math.max(0, run.end - firstIndex);
    if (known >= count) return { seq: this.latest, known: count };
    const seq = this.store(known === 0 ? batch : sliceEntryBatch(batch, known, count), kind);
    return { seq, known };
  }

  private store(batch: EntryBatch, kind: RecordKind): number {
    const logUrl = batch.source.url;
    const from = batch.firstIndex;
    const end = from + batch.count;
    if (kind === 'next') this.list.runs.add(logUrl, from, end);
    const seq = ++this.latest;
    this.stats.records++;
    this.stats.entries += batch.count;
    try {
      const payload = this.parts.codec.encode(batch);
      if (payload.length > MAX_PAYLOAD_BYTES)
        throw new Error(`its payload of ${payload.length} octets is too large`);
      const time = (this.parts.options.now ?? Date.now)();
      this.writer.append({ seq, kind, time, payload, logUrl, from, end });
    } catch (error) {
      const reason = `a record cannot be stored: ${(error as Error).message}`;
      this.writer.lose(
        seq,
        1,
        new JournalError('JOURNAL_UNWRITABLE', this.parts.options.folder, reason, error),
      );
    }
    return seq;
  }

  durable(): Promise<void> {
    return this.writer.durable();
  }

  read(from: ReadFrom, signal: AbortSignal): AsyncIterable<JournalRecord | JournalGap> {
    return this.readers.read(from, this.latest, signal);
  }

  backlog(after: number): JournalBacklog {
    const from = Math.max(after, this.oldest - 1);
    return { records: Math.max(0, this.latest - from), ...this.list.counts.after(from) };
  }

  /**
   * If `seq` is above the newest number, a loss of power removed records that the reader has seen. The next record then gets a
   * number after `seq`, so that the reader does not take it for one that it has read.
   */
  release(reader: string, seq: number): void {
    if (seq > this.latest && seq - this.latest < MAX_JUMP) this.latest = seq;
    this.list.release(reader, seq);
  }

  async close(): Promise<void> {
    await this.writer.close();
    this.parts.pressure.release(this.list);
    await this.lock.release();
  }
}

function lockedError(folder: string): JournalError {
  return new JournalError('JOURNAL_LOCKED', folder, 'another running server uses this journal');
}
