import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { textWeight } from '../../certificate/text-limits.js';
import { FINGERPRINT_BYTES } from '../static-ct/tile-leaf.js';
import { MAX_SLICE } from './max-slice.js';

/** {@link textWeight} of the entries of one publication. Of real logs, 256 entries have about 12 MiB. */
const MAX_SLICE_WEIGHT = 16 * 1024 * 1024;

/** A batch in pieces that are streamed at once; the event loop has a turn between two of them. */
export async function* slicesOf(batch: EntryBatch): AsyncGenerator<EntryBatch, void, undefined> {
  for (let from = 0; from < batch.count;) {
    if (from > 0) await yieldToEventLoop();
    const to = sliceEnd(batch, from);
    yield sliceEntryBatch(batch, from, to);
    from = to;
  }
}

/** Where the piece of `batch` ends that begins at the entry `from`: after one entry at least. */
export function sliceEnd(batch: EntryBatch, from: number): number {
  const last = Math.min(batch.count, from + MAX_SLICE);
  let weight = weightOf(batch, from);
  let to = from + 1;
  while (to < last && (weight += weightOf(batch, to)) <= MAX_SLICE_WEIGHT) to++;
  return to;
}

function weightOf({ table, issuers, source }: EntryBatch, position: number): number {
  const row = position * ENTRY_COLUMNS;
  const chain = table[row + EntryColumn.ChainEnd] - table[row + EntryColumn.ChainStart];
  const hasFingerprints = issuers !== undefined || source.type === 'tiled';
  return textWeight(
    table[row + EntryColumn.CertificateEnd] - table[row + EntryColumn.CertificateStart],
    table[row + EntryColumn.SubmittedEnd] - table[row + EntryColumn.SubmittedStart],
    hasFingerprints ? (chain / FINGERPRINT_BYTES) * (issuers?.largest ?? 0) : chain,
  );
}
