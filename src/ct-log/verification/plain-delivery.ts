import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import type { Clock } from '../../kernel/clock.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { LogStats } from '../reporting/log-stats.js';
import { slicesOf } from './slices.js';

export interface PlainDeliveryOptions {
  readonly stats: LogStats;
  readonly clock: Clock;
  /** Index to begin at; undefined = the head that the log has at the first answer. */
  readonly start: number | undefined;
  /** What to await before each `publish`, as `CertificateFeed.ready`; undefined when outputs never make logs wait. */
  readonly ready?: (signal?: AbortSignal) => Promise<void> | undefined;
  /** Hands entries to every output before it returns. */
  readonly publish: (batch: EntryBatch) => void;
  /** Called after `publish` returned, and once when a log without position got its first. */
  readonly onPosition: (next: number) => void;
  /** Called with every newer head that was accepted. */
  readonly onNewHead: (head: SignedTreeHead) => void;
}

/** Streams entries as they come. The position moves only behind what was published. */
export class PlainDelivery implements EntryDelivery {
  private position: number | undefined;

  constructor(private readonly options: PlainDeliveryOptions) {
    this.position = options.start;
    options.stats.nextIndex = options.start;
  }

  get next(): number | undefined {
    return this.position;
  }

  onHead(head: SignedTreeHead): Promise<void> {
    this.options.onNewHead(head);
    if (this.position === undefined) this.moveTo(head.treeSize);
    return Promise.resolve();
  }

  /** Goes on when the tailer is being stopped: what has arrived is published. */
  async deliver(batch: EntryBatch, signal?: AbortSignal): Promise<void> {
    const { clock, publish, ready, stats } = this.options;
    for await (const slice of slicesOf(batch)) {
      for (let wait; (wait = ready?.(signal)) !== undefined;) await wait;
      publish(slice);
      stats.countEntries(slice.count, clock.wallTime());
      this.moveTo(slice.firstIndex + slice.count);
    }
  }

  skipTo(index: number): Promise<void> {
    this.moveTo(index);
    return Promise.resolve();
  }

  private moveTo(next: number): void {
    this.position = next;
    this.options.stats.nextIndex = next;
    this.options.onPosition(next);
  }
}
