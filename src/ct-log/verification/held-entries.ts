import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import type { FlightShare } from '../scheduling/flight-share.js';
import type { Lease } from '../scheduling/flight-lease.js';

interface HeldBatch {
  readonly batch: EntryBatch;
  /** Its share of the bound over all logs, until the last of its entries is gone. */
  readonly lease: Lease | undefined;
}

/** Consecutive entries of one log that wait, first for their proof, then for the outputs. */
export class HeldEntries {
  private unproven: HeldBatch[] = [];
  private proven: HeldBatch[] = [];

  /** @param budget what the log may hold: all logs together take half of the whole. */
  constructor(private readonly budget: FlightShare) {}

  get hasUnproven(): boolean {
    return this.unproven.length > 0;
  }

  /** The first proven ones; undefined when there are none. */
  get first(): EntryBatch | undefined {
    return this.proven[0]?.batch;
  }

  /** @returns whether there was room for it: else it must not wait for long. */
  add(batch: EntryBatch): boolean {
    const lease = this.budget.tryAcquire({ entries: batch.count, bytes: memoryOf(batch) });
    lease?.resize(memoryOf(batch));
    this.unproven.push({ batch, lease });
    return lease !== undefined;
  }

  /** Everything before `index` is proven. */
  prove(index: number): void {
    const behind: HeldBatch[] = [];
    for (const { batch, lease } of this.unproven) {
      const count = Math.min(Math.max(index - batch.firstIndex, 0), batch.count);
      const isWhole = count === batch.count;
      if (count > 0)
        this.proven.push({ batch: sliceEntryBatch(batch, 0, count), lease: isWhole ? lease : undefined });
      if (!isWhole) behind.push({ batch: sliceEntryBatch(batch, count, batch.count), lease });
    }
    this.unproven = behind;
  }

  /** The first `count` entries of {@link first} are streamed. */
  shift(count: number): void {
    const [{ batch, lease }] = this.proven;
    if (count < batch.count) {
      this.proven[0] = { batch: sliceEntryBatch(batch, count, batch.count), lease };
      return;
    }
    this.proven.shift();
    lease?.release();
  }

  /** Forgets what is not proven. */
  dropUnproven(): void {
    for (const { lease } of this.unproven) lease?.release();
    this.unproven = [];
  }
}
