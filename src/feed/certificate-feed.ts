import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Observable, Subject } from 'rxjs';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import type { CertificateEntry } from '../certificate/certificate-entry.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import {
  ENTRY_COLUMNS,
  type EntryBatch,
  EntryColumn,
  LogEntryType,
  type RecordKind,
} from '../certificate/entry-batch.js';
import { recordsOf } from '../certificate/entry-batch-records.js';
import { ProblemLog } from '../logging/problem-log.js';
import { BackPressure } from './back-pressure.js';
import { ENTRY_JOURNAL, type EntryJournal } from './journal/entry-journal.js';
import { IsolatedObservable } from './isolated-observable.js';

/** What passed through a {@link CertificateFeed} since the start. */
export interface CertificateFeedStats {
  batches: number;
  entries: number;
  /** x509_entry and precert_entry (RFC 6962, 3.1); entries of unknown type are in neither. */
  certificates: number;
  precertificates: number;
  /** Times a subscriber threw or its promise was rejected, or messages of an entry could not be made or sent. */
  subscriberErrors: number;
}

/**
 * The one place where entries meet subscribers: logs publish here, streams and custom modules subscribe.
 * A subscriber's error is counted and logged; it reaches nobody else.
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
  /** Turns entries into texts; owns the parse counters. */
  readonly renderer = new CertificateRenderer();
  /** Pages and tiles as they come. Texts are made when they are asked for, once for all subscribers. */
  readonly batches$: Observable<CertificateBatch>;
  /** The same entries one by one. Needs work per entry, so prefer {@link batches$} for bulk processing. */
  readonly entries$: Observable<CertificateEntry>;

  private readonly problems = new ProblemLog(new Logger(CertificateFeed.name));
  private readonly subject = new Subject<CertificateBatch>();

  constructor(
    @Inject(ENTRY_JOURNAL) readonly journal: EntryJournal,
    /** Held by receivers that the logs shall wait for. */
    readonly pressure: BackPressure,
  ) {
    const onError = (error: unknown) => this.reportError('a subscriber failed', error);
    this.batches$ = new IsolatedObservable(onError, (subscriber) => this.subject.subscribe(subscriber));
    this.entries$ = new IsolatedObservable(onError, (subscriber) =>
      this.subject.subscribe({
        next: (batch) => {
          for (let i = 0; i < batch.count && !subscriber.closed; i++) subscriber.next(batch.entry(i));
        },
        complete: () => subscriber.complete(),
      }),
    );
  }

  /** Appends the entries to the journal and hands them to every subscriber before it returns. Never throws. */
  publish(entries: EntryBatch, kind: RecordKind = 'next'): void {
    if (entries.count === 0) return;
    for (const record of recordsOf(entries)) {
      this.count(record);
      this.journal.append(record, kind);
      if (this.subject.observed) this.subject.next(new CertificateBatch(record, this.renderer));
    }
  }

  /**
   * To be awaited before {@link publish}, again and again until it is undefined: resolves when every receiver that logs
   * wait for can take more, or `signal` is aborted. undefined when there is nothing to wait for, which is nearly always.
   */
  ready(signal?: AbortSignal): Promise<void> | undefined {
    return this.pressure.ready(signal);
  }

  /** Completes the observables and closes the journal. */
  async onApplicationShutdown(): Promise<void> {
    this.subject.complete();
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

  /** Counts an error on the way to the subscribers and logs it once. @param what went wrong, as the log line begins. */
  reportError(what: string, error: unknown): void {
    this.stats.subscriberErrors++;
    const stack = error instanceof Error ? error.stack : undefined;
    const message = error instanceof Error ? error.message : typeof error === 'string' ? error : typeof error;
    // By where it was thrown: a message may name the entry, and then each would get a line.
    const where = /\n\s+at .*/.exec(stack ?? '')?.[0] ?? '';
    this.problems.report(where, `${what}: ${message}`, { stack });
  }
}
