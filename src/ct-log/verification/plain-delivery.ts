import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import type { LogStatus } from '../reporting/log-status.js';
import type { LogState } from '../state/log-state.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { EntryPublisher } from './entry-publisher.js';

export interface PlainDeliveryOptions {
  readonly status: LogStatus;
  readonly publisher: EntryPublisher;
  /** The state that an earlier run saved. Without `next`, the first entry is the one after the first head. */
  readonly start: LogState;
  /** Called with every newer head, and with every position after all entries before it are published. */
  readonly save: (change: LogState) => void;
}

/** PlainDelivery (`verification: off`) streams entries unchecked. */
export class PlainDelivery implements EntryDelivery {
  constructor(private readonly options: PlainDeliveryOptions) {
    options.status.nextIndex = options.start.next;
  }

  get wantedIndex(): number | undefined {
    return this.options.status.nextIndex;
  }

  onHead(head: SignedTreeHead): Promise<void> {
    this.options.save({ head });
    if (this.wantedIndex === undefined) this.moveTo(head.treeSize);
    return Promise.resolve();
  }

  /** Publishes the batch, even when the tailer is being stopped. */
  async deliver(batch: EntryBatch, signal?: AbortSignal): Promise<void> {
    const { publisher } = this.options;
    for await (const piece of publisher.pieces(batch, signal)) {
      publisher.publish(piece, 'next', 'off');
      this.moveTo(piece.firstIndex + piece.count);
    }
  }

  skipTo(index: number): Promise<void> {
    this.moveTo(index);
    return Promise.resolve();
  }

  private moveTo(next: number): void {
    this.options.status.nextIndex = next;
    // A tree proven by an earlier run does not cover unchecked entries.
    this.options.save({ next, verified: undefined, range: undefined });
  }
}
