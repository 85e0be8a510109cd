import type { CertificateBatch } from '../certificate/certificate-batch.js';
import { usedBytes } from '../certificate/entry-batch-records.js';
import type { EntryJournal, JournalGap, JournalRecord } from '../feed/journal/entry-journal.js';
import { Backoff } from '../kernel/backoff.js';
import type { Clock } from '../kernel/clock.js';
import { TRACE_CHANNELS, type TraceContext, traced } from '../kernel/trace-channels.js';
import type { CertificateOutput, OutputRecord } from './certificate-output.js';
import { OutputError } from './output-error.js';
import { OutputStats } from './output-stats.js';

/** Default of {@link CertificateOutput.lingerMs}: for records that follow at once or are still being read from the disk. */
const LINGER_MS = 20;
/** A delivery that takes longer is reported: the journal fills up, and then the logs may have to wait. */
const SLOW_MS = 30_000;
const PAUSES = { firstMs: 1000, longestMs: 60_000, jitter: 0.5 };

export interface OutputRunnerOptions {
  readonly journal: Pick<EntryJournal, 'read'>;
  /** Returns the batch of a record, which outputs share. */
  readonly batchOf: (record: JournalRecord) => CertificateBatch;
  readonly clock: Clock;
  /** Number of the last record that was acknowledged in an earlier run. */
  readonly after: number;
  readonly onAcknowledged: (seq: number) => void;
  /** Called after each failure; {@link onRecovery} after the next success. */
  readonly onFailure: (error: unknown) => void;
  /** Called when a delivery has neither failed nor succeeded for some time; {@link onRecovery} after the next success. */
  readonly onSlow: (message: string) => void;
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
    this.stats = new OutputStats(options.after);
  }

  /** Starts the delivery. A second call has no effect. */
  start(): void {
    this.running ??= this.run();
  }

  /**
   * Aborts the current delivery, waits for its end, and closes the output.
   * @param how `suspend` if another runner may use the output later.
   */
  async stop(how: 'close' | 'suspend' = 'close'): Promise<void> {
    this.stopping.abort();
    this.stopTimer();
    await this.running;
    await this.output[how]?.();
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
    const { batchOf, clock, onRecovery, onAcknowledged } = this.options;
    const { stats } = this;
    const { signal } = this.stopping;
    const delivered = records.map((record) => ({
      seq: record.seq,
      kind: record.kind,
      batch: batchOf(record),
    }));
    let entries = 0;
    for (const { batch } of records) entries += batch.count;
    while (!(await this.tryOnce(delivered))) {
      if (signal.aborted) return;
      stats.repeatedEntries += entries;
    }
    if (stats.failingSince > 0) onRecovery();
    this.backoff.reset();
    stats.records += records.length;
    stats.entries += entries;
    stats.acknowledge(records.at(-1)!.seq, clock.wallTime());
    onAcknowledged(stats.acknowledged);
  }

  /** @returns false after a failure and the pause that follows it. */
  private async tryOnce(records: readonly OutputRecord[]): Promise<boolean> {
    const { clock, onSlow } = this.options;
    const { signal } = this.stopping;
    const since = clock.wallTime();
    this.stopTimer = clock.after(SLOW_MS, () => {
      const seconds = SLOW_MS / 1000;
      const text = `it has not acknowledged a delivery for ${seconds} s`;
      this.stats.failed(new OutputError('OUTPUT_TIMEOUT', text), clock.wallTime(), since);
      onSlow(text);
    });
    if (signal.aborted) this.stopTimer();
    try {
      const about = (): TraceContext => ({
        'certstream.output': this.output.name,
        'certstream.records': records.length,
      });
      await traced(TRACE_CHANNELS.deliver, about, () => this.output.deliver(records, signal));
    } catch (error) {
      this.stopTimer();
      await this.pauseAfter(error);
      return false;
    }
    this.stopTimer();
    return true;
  }

  private async pauseAfter(error: unknown): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    const { clock, onFailure } = this.options;
    this.stats.failures++;
    this.stats.failed(error, clock.wallTime());
    onFailure(error);
    const requested = error instanceof OutputError ? error.retryAfterMs : undefined;
    await clock.sleep(this.backoff.failed(requested), signal);
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
