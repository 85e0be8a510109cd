import { decodeEntryBatch, encodeEntryBatch } from '../../../certificate/entry-batch-codec.js';
import type { EntryBatch } from '../../../certificate/entry-batch.js';

/** JournalCodec converts a batch to the payload of a record, and back. */
export interface JournalCodec {
  /** @throws when the batch is too large for a payload. */
  encode(batch: EntryBatch): Buffer;
  /**
   * Returns a batch that refers to the memory of the payload.
   * @throws when {@link encode} did not write the payload.
   */
  decode(payload: Buffer): EntryBatch;
}

/** The payload is one frame of {@link encodeEntryBatch}. */
export const ENTRY_BATCH_CODEC: JournalCodec = { encode: encodeEntryBatch, decode: decodeEntryBatch };
