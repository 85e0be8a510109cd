import { Logger } from '@nestjs/common';
import { decodeEntryBatch, encodeEntryBatch } from '../../certificate/entry-batch-codec.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { BackPressure } from '../back-pressure.js';
import { DiskJournal } from './disk/disk-journal.js';
import type { EntryJournal } from './entry-journal.js';
import { MemoryJournal } from './memory/memory-journal.js';

const codec = { encode: encodeEntryBatch, decode: decodeEntryBatch };
const MS_PER_HOUR = 3_600_000;

/**
 * Creates the configured journal.
 * @param pressure is held while logs must wait for the journal.
 * @throws JournalError when the folder of a journal on the disk cannot be used.
 */
export async function createJournal(
  { store, path, max_mb, max_gb, max_hours, on_full: onFull }: CertstreamConfig['journal'],
  pressure: BackPressure,
): Promise<EntryJournal> {
  if (store === 'memory') return new MemoryJournal(pressure, { maxBytes: max_mb * 2 ** 20, onFull });
  const options = { folder: path, maxBytes: max_gb * 2 ** 30, maxAgeMs: max_hours * MS_PER_HOUR, onFull };
  return DiskJournal.open(options, codec, pressure, new Logger('Journal'));
}
