import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Observable, Subject } from 'rxjs';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import type { CertificateEntry } from '../certificate/certificate-entry.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import {
  type BatchPlace,
  ENTRY_COLUMNS,
  type EntryBatch,
  EntryColumn,
  LogEntryType,
  type RecordKind,
} from '../certificate/entry-batch.js';
import { sliceEntryBatch } from '../certificate/entry-batch-builder.js';
import { recordsOf } from '../certificate/entry-batch-records.js';
import { ProblemLog } from '../logging/problem-log.js';
import { BackPressure } from './back-pressure.js';
import { cursorAt, cursorPrefix, newestCursor, oldestCursor } from './cursor.js';
import { ENTRY_JOURNAL, type EntryJournal, type UnavailableEntries } from './journal/entry-journal.js';
import { IsolatedObservable } from './isolated-observable.js';

/** Totals of a {@link CertificateFeed} since the start. */
export interface CertificateFeedStats {
  batches: number;
  entries: number;
  /** Entries of type x509_entry and precert_entry (RFC 6962, 3.1). Entries of unknown type count in neither. */
  certificates: number;
  precertificates: number;
  /**
   * Number of times a subscriber threw or its promise was rejected, or messages of an entry could not be written or
   * sent.
   */
  subscriberErrors: number;
}

/** Records of the journal that this process could not read. */
export interface LostRecords {
  /** The cursor after the last record that it delivered. */
  readonly from: string;
  /** The cursor of the first record that it can deliver again. */
  readonly to: string;
  /** Whether the journal was replaced by another one: record numbers now name other records. */
  readonly isReplaced: boolean;
}

/**
 * Distributes entries: logs publish to it, streams and custom modules subscribe to it. It counts and logs the error
 * of a subscriber, which affects no other subscriber.
 */
@Injectable()
export class CertificateFeed implements OnApplicationShutdown {
  readonly stats: CertificateFeedStats = {
    batches: 0,
    entries: 0,
    certificates: 0,
    precertificates: 0,
    subscriberErrors: 0,
  };
  /** Writes the texts of entries and owns the parse counters. */
  readonly renderer = new CertificateRenderer();
  /** Emits each published page or tile. A text is written at its first use, once for all subscribers. */
  readonly batches$: Observable<CertificateBatch>;
  /** Emits the same entries one by one. This costs work per entry; prefer {@link batches$} for bulk processing. */
  readonly entries$: Observable<CertificateEntry>;
  /** Emits entries that are left out of {@link batches$}, at their place in it. They may still be published late. */
  readonly unavailable$: Observable<UnavailableEntries>;
  /** Emits each time a log is followed from a saved position, before its first entry. */
  readonly resumed$: Observable<void>;
  /** Emits, in a cluster, when this process could not read records of the journal that other processes may have read. */
  readonly lost$: Observable<LostRecords>;

  private readonly problems = new ProblemLog(new Logger(CertificateFeed.name));
  private readonly subject = new Subject<CertificateBatch>();
  private readonly unavailable = new Subject<UnavailableEntries>();
  private readonly resumed = new Subject<void>();
  private readonly lost = new Subject<LostRecords>();
  /** The cursor after the last live record. */
  private liveCursor: string;

  constructor(
    @Inject(ENTRY_JOURNAL) readonly journal: EntryJournal,
    /** Receivers hold it to make the logs wait. */
    readonly pressure: BackPressure,
  ) {
    this.renderer.cursorPrefix = cursorPrefix(journal);
    this.liveCursor = newestCursor(journal);
    const onError = (error: unknown) => this.reportError('a subscriber failed', error);
    this.batches$ = new IsolatedObservable(onError, (subscriber) => this.subject.subscribe(subscriber));
    this.unavailable$ = new IsolatedObservable(onError, (subscriber) =>
      this.unavailable.subscribe(subscriber),
    );
    this.resumed$ = new IsolatedObservable(onError, (subscriber) => this.resumed.subscribe(subscriber));
    this.lost$ = new IsolatedObservable(onError, (subscriber) => this.lost.subscribe(subscriber));
    this.entries$ = new IsolatedObservable(onError, (subscriber) =>
      this.subject.subscribe({
        next: (batch) => {
          for (let i = 0; i < batch.count && !subscriber.closed; i++) subscriber.next(batch.entry(i));
        },
        complete: () => subscriber.complete(),
      }),
    );
    if (journal.delivers) this.deliverFrom(journal);
  }

  /** Delivers what the members of a cluster append, in the order of their common journal. */
  private deliverFrom(journal: EntryJournal): void {
    journal.live({
      record: ({ seq, batch }) => {
        this.count(batch);
        this.emit(batch, { seq, offset: 0 });
        this.liveCursor = newestCursor(journal);
      },
      unavailable: (entries) => this.unavailable.next(entries),
      gap: ({ to }) => this.reportLost(cursorAt(journal, { seq: to + 1, index: 0 }), false),
      replaced: () => {
        this.renderer.cursorPrefix = cursorPrefix(journal);
        this.reportLost(oldestCursor(journal), true);
      },
    });
  }

  private reportLost(to: string, isReplaced: boolean): void {
    const from = this.liveCursor;
    this.liveCursor = to;
    this.lost.next({ from, to, isReplaced });
  }

  /** Must be called before the first entry of a log that continues at a saved position. Never throws. */
  resume(): void {
    this.resumed.next();
  }

  /**
   * Appends the entries to the journal and delivers them to every subscriber before it returns. In a cluster they come from the
   * journal, a moment later. Never throws.
   */
  publish(entries: EntryBatch, kind: RecordKind = 'next'): void {
    if (entries.count === 0) return;
    const { journal } = this;
    for (const record of recordsOf(entries)) {
      const { seq, known } = journal.append(record, kind);
      if (journal.delivers) continue;
      this.count(record);
      if (!this.subject.observed) continue;
      if (known > 0) this.emit(sliceEntryBatch(record, 0, known));
      if (known < record.count)
        this.emit(known === 0 ? record : sliceEntryBatch(record, known, record.count), { seq, offset: 0 });
    }
  }

  /** Reports entries that the log did not deliver, after the entries before them were published. Never throws. */
  reportUnavailable(entries: UnavailableEntries): void {
    if (this.journal.delivers) this.journal.unavailable(entries);
    else this.unavailable.next(entries);
  }

  private emit(entries: EntryBatch, place?: BatchPlace): void {
    this.subject.next(new CertificateBatch(entries, this.renderer, place));
  }

  /**
   * Returns a promise that resolves when every receiver that the logs wait for can take more or `signal` is aborted.
   * Returns undefined when there is nothing to wait for, which is nearly always. Callers must await it before {@link
   * publish}, repeatedly until it returns undefined.
   * @param logUrl the log of the entries to publish, for which alone a cluster may need time.
   */
  ready(signal?: AbortSignal, logUrl?: string): Promise<void> | undefined {
    const { pressure, journal } = this;
    return (
      pressure.ready(signal) ?? (logUrl === undefined ? undefined : journal.shared?.ready(logUrl, signal))
    );
  }

  /** Completes the observables and closes the journal. */
  async onApplicationShutdown(): Promise<void> {
    this.subject.complete();
    this.unavailable.complete();
    this.resumed.complete();
    this.lost.complete();
    await this.journal.close();
  }

  private count({ count, table }: EntryBatch): void {
    let precertificates = 0;
    let others = 0;
    for (let row = 0; row < count * ENTRY_COLUMNS; row += ENTRY_COLUMNS) {
      const type = table[row + EntryColumn.Type];
      if (type === LogEntryType.PrecertEntry) precertificates++;
      else if (type !== LogEntryType.X509Entry) others++;
    }
    this.stats.batches++;
    this.stats.entries += count;
    this.stats.precertificates += precertificates;
    this.stats.certificates += count - precertificates - others;
  }

  /** Counts an error in the delivery of entries and logs it once. @param what the beginning of the log line. */
  reportError(what: string, error: unknown): void {
    this.stats.subscriberErrors++;
    const stack = error instanceof Error ? error.stack : undefined;
    const message = error instanceof Error ? error.message : typeof error === 'string' ? error : typeof error;
    // The place where an error was thrown identifies it. The message may name the entry, and then each entry would
    // get a log line.
    const where = /\n\s+at .*/.exec(stack ?? '')?.[0] ?? '';
    this.problems.report(where, `${what}: ${message}`, { stack });
  }
}
