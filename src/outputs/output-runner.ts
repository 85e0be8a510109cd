import { CertificateBatch } from '../certificate/certificate-batch.js';
import type { CertificateRenderer } from '../certificate/certificate-renderer.js';
import { usedBytes } from '../certificate/entry-batch-records.js';
import type { EntryJournal, JournalGap, JournalRecord } from '../feed/journal/entry-journal.js';
import { Backoff } from '../kernel/backoff.js';
import type { Clock } from '../kernel/clock.js';
import type { CertificateOutput } from './certificate-output.js';
import { OutputError } from './output-error.js';

/** Default of {@link CertificateOutput.lingerMs}: for records that follow at once or are still being read from the disk. */
const LINGER_MS = 20;
/** A delivery that takes longer is reported: the journal fills up, and then the logs may have to wait. */
const SLOW_MS = 30_000;
const PAUSES = { firstMs: 1000, longestMs: 60_000, jitter: 0.5 };

/** Totals of one output since the start. Plain numbers, read when metrics are scraped. */
export interface OutputStats {
  /** Records and entries that the output has acknowledged. */
  records: number;
  entries: number;
  /** Calls of `deliver` that were rejected, and failed reads of the journal. */
  failures: number;
  /** Records that the journal dropped before the output got them. */
  skipped: number;
  /** Number of the last record that was acknowledged. */
  acknowledged: number;
  /** Wall-clock time of the last acknowledgement, milliseconds since the epoch; 0 before the first. */
  lastAcknowledgedAt: number;
}

export interface OutputRunnerOptions {
  readonly journal: Pick<EntryJournal, 'read'>;
  readonly renderer: CertificateRenderer;
  readonly clock: Clock;
  /** Number of the last record that was acknowledged in an earlier run. */
  readonly after: number;
  readonly onAcknowledged: (seq: number) => void;
  /** Called after each failure; {@link onRecovery} after the next success. */
  readonly onFailure: (error: unknown) => void;
  /** Called when a delivery has neither failed nor succeeded for some time; {@link onRecovery} after the next success. */
  readonly onSlow: (seconds: number) => void;
  readonly onRecovery: () => void;
  readonly onSkipped: (gap: JournalGap) => void;
}

/**
 * Delivers the records of the journal to one output in order. Each call delivers all available records, up to the
 * limit of the output.
 */
export class OutputRunner {
  readonly stats: OutputStats;
  private readonly stopping = new AbortController();
  private readonly backoff: Backoff;
  private running: Promise<void> | undefined;
  /** Ends the wait for {@link SLOW_MS}. */
  private stopTimer = (): void => undefined;

  constructor(
    readonly output: CertificateOutput,
    private readonly options: OutputRunnerOptions,
  ) {
    this.backoff = new Backoff(PAUSES, options.clock);
    this.stats = {
      records: 0,
      entries: 0,
      failures: 0,
      skipped: 0,
      acknowledged: options.after,
      lastAcknowledgedAt: 0,
    };
  }

  /** Starts the delivery. A second call has no effect. */
  start(): void {
    this.running ??= this.run();
  }

  /** Aborts the current delivery, waits for its end, and closes the output. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopTimer();
    await this.running;
    await this.output.close();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.follow();
      } catch (error) {
        await this.pauseAfter(error);
      }
    }
  }

  /** Reads and delivers until the server stops. @throws the error of a journal that cannot be read. */
  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    const from = { after: this.stats.acknowledged };
    const reader = this.options.journal.read(from, signal)[Symbol.asyncIterator]();
    const reading = { next: reader.next() };
    let delivery: Promise<void> = Promise.resolve();
    try {
      while (!signal.aborted) {
        const records = await this.gather(reader, reading, delivery);
        await delivery;
        if (records.length === 0 || signal.aborted) return;
        delivery = this.deliver(records);
      }
    } finally {
      await delivery;
    }
  }

  /**
   * Reads the records of the next delivery while the last one is under way: what an output that answers late does not get at once, it
   * gets together. @returns nothing after the stop.
   */
  private async gather(
    reader: AsyncIterator<JournalRecord | JournalGap>,
    reading: { next: Promise<IteratorResult<JournalRecord | JournalGap>> },
    delivery: Promise<void>,
  ): Promise<JournalRecord[]> {
    const { limit, lingerMs = LINGER_MS } = this.output;
    const records: JournalRecord[] = [];
    let bytes = 0;
    let stopLingering = (): void => undefined;
    let isEnough: Promise<undefined> | undefined;
    while (records.length === 0 || records.length < limit.records) {
      const { next } = reading;
      const item = await (isEnough === undefined ? next : Promise.race([next, isEnough]));
      if (item === undefined || item.done === true) break;
      if (isGap(item.value)) {
        if (records.length > 0) break;
        // The position moves over the gap, so everything before it must be acknowledged.
        await delivery;
        if (this.stopping.signal.aborted) break;
        this.skip(item.value);
      } else {
        bytes += usedBytes(item.value.batch);
        if (records.length > 0 && !(bytes <= limit.bytes)) break;
        records.push(item.value);
        isEnough ??= new Promise((resolve) => {
          stopLingering = this.options.clock.after(
            lingerMs,
            () => void delivery.then(() => resolve(undefined)),
          );
        });
      }
      reading.next = reader.next();
      // A failure is reported where the promise is awaited, which is after the delivery.
      reading.next.catch(() => undefined);
    }
    stopLingering();
    return records;
  }

  private async deliver(records: readonly JournalRecord[]): Promise<void> {
    const { renderer, clock, onRecovery, onAcknowledged, onSlow } = this.options;
    const { signal } = this.stopping;
    let isSlow = false;
    const delivered = records.map(({ seq, kind, batch }) => ({
      seq,
      kind,
      batch: new CertificateBatch(batch, renderer, { seq, offset: 0 }),
    }));
    for (;;) {
      this.stopTimer = clock.after(SLOW_MS, () => {
        isSlow = true;
        onSlow(SLOW_MS / 1000);
      });
      if (signal.aborted) this.stopTimer();
      try {
        await this.output.deliver(delivered, signal);
        break;
      } catch (error) {
        this.stopTimer();
        await this.pauseAfter(error);
        if (signal.aborted) return;
      }
    }
    this.stopTimer();
    if (isSlow || this.backoff.isFailing) onRecovery();
    this.backoff.reset();
    const { stats } = this;
    stats.records += records.length;
    for (const { batch } of records) stats.entries += batch.count;
    stats.acknowledged = records.at(-1)!.seq;
    stats.lastAcknowledgedAt = clock.wallTime();
    onAcknowledged(stats.acknowledged);
  }

  private async pauseAfter(error: unknown): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    this.stats.failures++;
    this.options.onFailure(error);
    const requested = error instanceof OutputError ? error.retryAfterMs : undefined;
    await this.options.clock.sleep(this.backoff.failed(requested), signal);
  }

  private skip(gap: JournalGap): void {
    this.stats.skipped += gap.to - gap.from + 1;
    this.stats.acknowledged = gap.to;
    this.options.onSkipped(gap);
    this.options.onAcknowledged(gap.to);
  }
}

function isGap(record: JournalRecord | JournalGap): record is JournalGap {
  return 'from' in record;
}
