import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import type { Clock } from '../../kernel/clock.js';
import type { LogStats } from '../reporting/log-stats.js';
import { LeafWindow } from './leaf-window.js';

export interface EntryOutput {
  readonly stats: LogStats;
  readonly clock: Clock;
  /** What to await before each `publish`, as `CertificateFeed.ready`; undefined when outputs never make logs wait. */
  readonly ready?: (signal?: AbortSignal) => Promise<void> | undefined;
  /** Hands entries to every output before it returns. */
  readonly publish: (batch: EntryBatch) => void;
}

/** Waits until the outputs can take more. */
export async function outputsReady({ ready }: EntryOutput, signal: AbortSignal): Promise<void> {
  for (let wait; (wait = ready?.(signal)) !== undefined;) await wait;
}

/** Streams entries, and remembers by their leaf hashes what was streamed: an entry that comes again is streamed again if it differs. */
export class StreamedEntries {
  /** Leaf hashes of the newest ones. */
  readonly window: LeafWindow;
  private position: number | undefined;

  /** @param start everything before it was streamed by an earlier run. */
  constructor(
    private readonly output: EntryOutput,
    start: number | undefined,
  ) {
    this.position = start;
    this.window = new LeafWindow(start);
    output.stats.nextIndex = start;
  }

  /** Everything before it was handed to every output; undefined until the position is known. */
  get end(): number | undefined {
    return this.position;
  }

  /** Goes on at `index`. */
  restart(index: number): void {
    this.position = index;
    this.output.stats.nextIndex = index;
    this.window.restart(index);
  }

  /** @returns the leaf hashes of the slice, all of which is streamed now. */
  hand(slice: EntryBatch): Buffer {
    const { firstIndex: first, count } = slice;
    const position = this.position ?? first;
    const known = Math.min(Math.max(position - first, 0), count);
    if (known < count) this.publish(known === 0 ? slice : sliceEntryBatch(slice, known, count));
    const hashes = leafHashes(slice);
    this.correct(slice, hashes, known);
    this.window.push(hashes, known, count);
    this.position = Math.max(position, first + count);
    this.output.stats.nextIndex = this.position;
    return hashes;
  }

  /** Streams those of the first `known` entries again that are not what was streamed before. */
  private correct(slice: EntryBatch, hashes: Buffer, known: number): void {
    for (let i = 0; i < known; i++) {
      const index = slice.firstIndex + i;
      if (index < this.window.start || this.window.has(index, hashes, i)) continue;
      this.publish(sliceEntryBatch(slice, i, i + 1));
      this.window.replace(index, hashes, i);
      this.output.stats.correctedEntries++;
    }
  }

  private publish(batch: EntryBatch): void {
    const { publish, stats, clock } = this.output;
    publish(batch);
    stats.countEntries(batch.count, clock.wallTime());
  }
}
