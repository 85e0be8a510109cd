import type { EntryBatch } from '../../certificate/entry-batch.js';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';

/** Upper bounds in seconds. */
const BUCKETS: readonly number[] = [0.5, 1, 2, 3, 5, 10, 20, 30, 60, 300, 900, 3600];
/** Heads that are kept. The last one then counts for all newer heads too. */
const MAX_HEADS = 256;

interface HeadTime {
  treeSize: number;
  readonly timestamp: number;
}

/** LogLatency measures the delay between signing and publication of the entries of one log, once per batch. */
export class LogLatency {
  /** Delay since the timestamp of the first accepted head that covers the last entry of the batch. */
  readonly sinceHead = new DelayHistogram(BUCKETS);
  /** Delay since the timestamp of the first entry of the batch, which the log sets before it adds the entry to the tree. */
  readonly sinceEntry = new DelayHistogram(BUCKETS);
  /** In ascending order. */
  private readonly heads: HeadTime[] = [];

  addHead({ treeSize, timestamp }: SignedTreeHead): void {
    const last = this.heads.at(-1);
    if (last !== undefined && treeSize <= last.treeSize) return;
    if (last !== undefined && this.heads.length >= MAX_HEADS) last.treeSize = treeSize;
    else this.heads.push({ treeSize, timestamp });
  }

  /** @param now wall clock after the publication, milliseconds since the epoch. */
  observe({ firstIndex, count, timestamps }: EntryBatch, now: number): void {
    const { heads } = this;
    const end = firstIndex + count;
    while (heads.length > 0 && heads[0].treeSize < end) heads.shift();
    if (heads.length > 0) this.sinceHead.observe(Math.max(0, now - heads[0].timestamp), count);
    this.sinceEntry.observe(Math.max(0, now - timestamps[0]), count);
  }
}
