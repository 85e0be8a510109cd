import type { EntryBatch, RecordKind } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import type { LogStatus } from '../reporting/log-status.js';
import type { EntryPublisher } from './entry-publisher.js';
import { LeafWindow } from './leaf-window.js';

/** StreamedEntries streams entries and keeps their leaf hashes. A repeated entry is streamed again only if it differs. */
export class StreamedEntries {
  /** Leaf hashes of the newest entries. */
  readonly window: LeafWindow;

  /** @param status its `nextIndex` is updated, see {@link end}. */
  constructor(
    private readonly publisher: EntryPublisher,
    private readonly status: LogStatus,
  ) {
    this.window = new LeafWindow(status.nextIndex);
  }

  /** All entries before this index were published to every output; undefined until the position is known. */
  get end(): number | undefined {
    return this.status.nextIndex;
  }

  /** Forgets all leaf hashes and continues at `index`. */
  restart(index: number): void {
    this.status.nextIndex = index;
    this.window.restart(index);
  }

  /** Streams the entries of the piece that are new or differ. @returns the leaf hashes of the piece. */
  stream(piece: EntryBatch): Buffer {
    const { firstIndex: first, count } = piece;
    const position = this.end ?? first;
    const known = Math.min(Math.max(position - first, 0), count);
    if (known < count) this.publish(known === 0 ? piece : sliceEntryBatch(piece, known, count), 'next');
    const hashes = leafHashes(piece);
    this.correct(piece, hashes, known);
    this.window.push(hashes, known, count);
    this.status.nextIndex = Math.max(position, first + count);
    return hashes;
  }

  /** Streams those of the first `known` entries again that differ from the streamed ones. */
  private correct(piece: EntryBatch, hashes: Buffer, known: number): void {
    for (let i = 0; i < known; i++) {
      const index = piece.firstIndex + i;
      if (index < this.window.start || this.window.has(index, hashes, i)) continue;
      this.publish(sliceEntryBatch(piece, i, i + 1), 'again');
      this.window.replace(index, hashes, i);
    }
  }

  /** Publishes entries before the verifier has seen them. */
  private publish(piece: EntryBatch, kind: RecordKind): void {
    const isBroken = this.status.verification === 'broken';
    this.publisher.publish(piece, kind, isBroken ? 'failed' : 'unverified');
  }
}
