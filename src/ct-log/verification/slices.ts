import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import {
  ENTRY_COLUMNS,
  type EntryBatch,
  EntryColumn,
  type LogSource,
} from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { textWeight } from '../../certificate/text-limits.js';
import { FINGERPRINT_BYTES } from '../../certificate/issuer-map.js';
import { MAX_SLICE } from './max-slice.js';

/** {@link textWeight} of the entries of one publication. Of real logs, 256 entries have about 12 MiB. */
const MAX_SLICE_WEIGHT = 16 * 1024 * 1024;
/** A piece that takes the outputs longer is followed by one of half as many entries, a quick one by one of twice as many. */
const SLOW_MS = 100;
const QUICK_MS = 25;

/** Entries in the next piece of each log, where its entries cost so much that they are fewer than {@link MAX_SLICE}. */
const sizes = new WeakMap<LogSource, number>();

/**
 * A batch in pieces that are streamed at once; the event loop has a turn between two of them. Entries that take the
 * outputs long come in small pieces, so that they do not hold up the other logs.
 */
export async function* slicesOf(batch: EntryBatch): AsyncGenerator<EntryBatch, void, undefined> {
  for (let from = 0; from < batch.count;) {
    if (from > 0) await yieldToEventLoop();
    const to = sliceEnd(batch, from);
    yield sliceEntryBatch(batch, from, to);
    from = to;
  }
}

/** Hands a piece to the outputs, and makes the next ones of its log smaller when they take long for it. */
export function publishTimed(piece: EntryBatch, publish: (piece: EntryBatch) => void): void {
  const startedAt = performance.now();
  publish(piece);
  const elapsed = performance.now() - startedAt;
  const size = sizeOf(piece);
  if (elapsed > SLOW_MS) sizes.set(piece.source, Math.max(1, piece.count >> 1));
  else if (elapsed < QUICK_MS && size < MAX_SLICE) sizes.set(piece.source, Math.min(MAX_SLICE, 2 * size));
}

/** Where the piece of `batch` ends that begins at the entry `from`: after one entry at least. */
export function sliceEnd(batch: EntryBatch, from: number): number {
  const last = Math.min(batch.count, from + sizeOf(batch));
  let weight = weightOf(batch, from);
  let to = from + 1;
  while (to < last && (weight += weightOf(batch, to)) <= MAX_SLICE_WEIGHT) to++;
  return to;
}

function sizeOf({ source }: EntryBatch): number {
  return sizes.get(source) ?? MAX_SLICE;
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
