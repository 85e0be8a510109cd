import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import {
  ENTRY_COLUMNS,
  type EntryBatch,
  EntryColumn,
  type RecordKind,
} from '../../certificate/entry-batch.js';
import type { EntryVerification } from '../../certificate/certificate-message.js';
import { sliceEntryBatch, withVerification } from '../../certificate/entry-batch-builder.js';
import { FINGERPRINT_BYTES } from '../../certificate/issuer-map.js';
import { textWeight } from '../../certificate/text-limits.js';
import type { Clock } from '../../kernel/clock.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogStatus } from '../reporting/log-status.js';

/** Maximum number of entries per publication: about 3 ms of work for the outputs. Sockets and other logs get a turn in between. */
export const MAX_PIECE = 256;
/** Maximum {@link textWeight} of one publication. 256 entries of real logs have about 12 MiB. */
const MAX_PIECE_WEIGHT = 16 * 1024 * 1024;
/** After a piece that takes longer than `SLOW_MS`, the next has half as many entries; after less than `QUICK_MS`, twice as many. */
const SLOW_MS = 100;
const QUICK_MS = 25;

export interface EntryPublisherOptions {
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly clock: Pick<Clock, 'wallTime'>;
  /** Awaited before each `publish`, see `CertificateFeed.ready`; undefined when outputs never make logs wait. */
  readonly ready?: (signal?: AbortSignal) => Promise<void> | undefined;
  /** Passes the entries to every output before it returns. */
  readonly publish: (batch: EntryBatch, kind: RecordKind) => void;
}

/** EntryPublisher publishes the entries of one log to the outputs in small pieces, and counts them. */
export class EntryPublisher {
  /** Entries in the next piece: fewer than {@link MAX_PIECE} while the outputs are slow. */
  private pieceSize = MAX_PIECE;

  constructor(private readonly options: EntryPublisherOptions) {}

  /** Yields the pieces of a batch, each when the outputs are ready. The event loop has a turn between two pieces. */
  async *pieces(batch: EntryBatch, signal?: AbortSignal): AsyncGenerator<EntryBatch, void, undefined> {
    const { ready } = this.options;
    for (let from = 0; from < batch.count;) {
      if (from > 0) await yieldToEventLoop();
      for (let wait; (wait = ready?.(signal)) !== undefined;) await wait;
      const to = this.pieceEnd(batch, from);
      yield sliceEntryBatch(batch, from, to);
      from = to;
    }
  }

  /** Passes a piece to every output before it returns, and adapts the size of the next piece to the time that this one took. */
  publish(piece: EntryBatch, kind: RecordKind, verification: EntryVerification): void {
    const { counters, status, clock, publish } = this.options;
    const startedAt = performance.now();
    publish(withVerification(piece, verification), kind);
    const elapsed = performance.now() - startedAt;
    if (elapsed > SLOW_MS) this.pieceSize = Math.max(1, piece.count >> 1);
    else if (elapsed < QUICK_MS) this.pieceSize = Math.min(MAX_PIECE, 2 * this.pieceSize);
    const now = clock.wallTime();
    counters.entries += piece.count;
    status.lastEntryAt = now;
    if (kind === 'late') counters.lateEntries += piece.count;
    else counters.latency.observe(piece, now);
    if (kind === 'again') counters.correctedEntries += piece.count;
  }

  /** Returns the end of the piece that begins at `from`. A piece has at least one entry. */
  private pieceEnd(batch: EntryBatch, from: number): number {
    const last = Math.min(batch.count, from + this.pieceSize);
    let weight = weightOf(batch, from);
    let to = from + 1;
    while (to < last && (weight += weightOf(batch, to)) <= MAX_PIECE_WEIGHT) to++;
    return to;
  }
}

function weightOf({ table, issuers, encoding }: EntryBatch, position: number): number {
  const row = position * ENTRY_COLUMNS;
  const chain = table[row + EntryColumn.ChainEnd] - table[row + EntryColumn.ChainStart];
  return textWeight(
    table[row + EntryColumn.CertificateEnd] - table[row + EntryColumn.CertificateStart],
    table[row + EntryColumn.SubmittedEnd] - table[row + EntryColumn.SubmittedStart],
    encoding === 'data-tile' ? (chain / FINGERPRINT_BYTES) * issuers.largest : chain,
  );
}
