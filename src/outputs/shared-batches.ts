import type { CertificateBatch } from '../certificate/certificate-batch.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import type { CertificateFeed } from '../feed/certificate-feed.js';
import { cursorPrefix } from '../feed/cursor.js';
import type { JournalRecord } from '../feed/journal/entry-journal.js';
import { RecentBatches } from '../feed/recent-batches.js';
import type { OutputStats } from './output-stats.js';

/** Bounds on the batches: more than a second of all logs. An output that has acknowledged them frees them. */
const BOUNDS = { batches: 512, bytes: 16 * 2 ** 20 };

/** The batches that at least one output has not acknowledged. Outputs share them, and so their texts, with each other and with the clients. */
export class SharedBatches {
  /** It has counters of its own: an entry that is read again is not another defect. */
  private readonly renderer = new CertificateRenderer();
  private readonly recent = new RecentBatches(this.renderer, BOUNDS);
  private isStarted = false;

  /** @param running returns the numbers of the outputs that run. */
  constructor(
    private readonly feed: CertificateFeed,
    private readonly running: () => readonly OutputStats[],
  ) {
    this.renderer.cursorPrefix = cursorPrefix(feed.journal);
  }

  /** Begins to keep what is published. A second call has no effect. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.feed.batches$.subscribe((batch) => this.keep(batch));
  }

  /** Returns the batch of a record. */
  of(record: JournalRecord): CertificateBatch {
    return this.recent.of(record);
  }

  /** Forgets what no output needs soon. An output that fails reads it from the journal again. */
  forget(): void {
    let acknowledged = Infinity;
    for (const stats of this.running())
      if (stats.failingSince === 0) acknowledged = Math.min(acknowledged, stats.acknowledged);
    this.recent.forget(acknowledged);
  }

  /** Forgets everything: record numbers now name other records. */
  replace(): void {
    this.renderer.cursorPrefix = cursorPrefix(this.feed.journal);
    this.recent.clear();
  }

  private keep(batch: CertificateBatch): void {
    const seq = batch.place?.seq ?? 0;
    const isWanted = (stats: OutputStats): boolean =>
      stats.failingSince === 0 && seq - stats.acknowledged <= BOUNDS.batches;
    if (this.running().some(isWanted)) this.recent.keep(batch);
  }
}
