import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { MAX_SLICE } from './max-slice.js';

/** A batch in pieces that are streamed at once; between two of them everybody else has a turn. */
export async function* slicesOf(batch: EntryBatch): AsyncGenerator<EntryBatch, void, undefined> {
  if (batch.count <= MAX_SLICE) return yield batch;
  for (let from = 0; from < batch.count; from += MAX_SLICE) {
    if (from > 0) await yieldToEventLoop();
    yield sliceEntryBatch(batch, from, from + MAX_SLICE);
  }
}
