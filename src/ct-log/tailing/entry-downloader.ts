import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtMalformedError } from '../ct-log-error.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { WeightedSemaphore } from './weighted-semaphore.js';

/**
 * A failing log, and one that has not delivered yet, is asked for little: what it holds of the bound over all logs
 * while it hangs is missing to the others.
 */
const MAX_UNPROVEN_BATCH = 32;

export interface EntryDownloaderOptions {
  readonly client: CtLogClient;
  readonly delivery: EntryDelivery;
  /** Over all logs: entries requested and not yet delivered. */
  readonly inFlight: WeightedSemaphore;
  /** Most entries asked for at once. */
  readonly maxBatch: number;
}

/** Fetches what the delivery wants next and hands it over. */
export class EntryDownloader {
  constructor(private readonly options: EntryDownloaderOptions) {}

  /**
   * One request and its delivery, below the size of `head`.
   * @param isProven whether the log answered the last one.
   * @throws what {@link CtLogClient.getEntries} and the delivery throw.
   */
  async fetchNext(head: SignedTreeHead, isProven: boolean, signal: AbortSignal): Promise<void> {
    const { client, delivery, inFlight, maxBatch: most } = this.options;
    const { next } = delivery;
    if (next === undefined || next >= head.treeSize) return;
    const maxBatch = isProven ? most : Math.min(most, MAX_UNPROVEN_BATCH);
    const end = Math.min(head.treeSize, next + maxBatch);
    const release = await inFlight.acquire(Math.min(end - next, client.pageSize ?? maxBatch), signal);
    if (release === undefined) return;
    try {
      const batch = await client.getEntries(next, end, head.treeSize, signal);
      if (batch.firstIndex !== next || batch.count < 1 || batch.count > end - next) {
        throw new CtMalformedError('PAGE', `entries ${next} to ${end} were asked for, others came`);
      }
      await delivery.deliver(batch, signal);
    } finally {
      release();
    }
  }
}
