import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import type { Lease } from '../scheduling/flight-lease.js';
import type { FlightShare } from '../scheduling/flight-share.js';

interface HeldBatch {
  readonly batch: EntryBatch;
  /** Its room in the budget, released with its last entry. Undefined if there was no room. */
  readonly lease: Lease | undefined;
}

/** HeldEntries holds consecutive entries of one log that wait for their proof and then for the outputs. */
export class HeldEntries {
  private batches: HeldBatch[] = [];
  /** Entries before this index are proven. */
  private provenEnd = 0;

  /** @param budget bounds the held entries: all logs together hold at most half of it. */
  constructor(private readonly budget: FlightShare) {}

  get hasUnproven(): boolean {
    const last = this.batches.at(-1);
    return last !== undefined && this.provenCount(last) < last.batch.count;
  }

  /** The proven entries of the first batch; undefined when there are none. */
  get first(): EntryBatch | undefined {
    const [held] = this.batches;
    const count = held === undefined ? 0 : this.provenCount(held);
    return count === 0 ? undefined : sliceEntryBatch(held.batch, 0, count);
  }

  /** Adds a batch in any case. @returns whether there was room for it; without room the caller must prove or drop it at once. */
  add(batch: EntryBatch): boolean {
    const lease = this.budget.tryAcquire({ entries: batch.count, bytes: memoryOf(batch) });
    lease?.resize(memoryOf(batch));
    this.batches.push({ batch, lease });
    return lease !== undefined;
  }

  /** Marks all entries before `index` as proven. */
  prove(index: number): void {
    this.provenEnd = index;
  }

  /** Removes the first `count` entries of {@link first}, which are streamed. */
  shift(count: number): void {
    const [{ batch, lease }] = this.batches;
    if (count < batch.count) this.batches[0] = { batch: sliceEntryBatch(batch, count, batch.count), lease };
    else {
      this.batches.shift();
      lease?.release();
    }
  }

  dropUnproven(): void {
    this.batches = this.batches.flatMap((held) => {
      const count = this.provenCount(held);
      if (count === 0) held.lease?.release();
      return count === 0 ? [] : [{ ...held, batch: sliceEntryBatch(held.batch, 0, count) }];
    });
  }

  private provenCount({ batch }: HeldBatch): number {
    return Math.min(Math.max(this.provenEnd - batch.firstIndex, 0), batch.count);
  }
}
