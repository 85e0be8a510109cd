import { Logger } from '@nestjs/common';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { BackPressure } from '../back-pressure.js';
import { DiskJournal } from './disk/disk-journal.js';
import { ENTRY_BATCH_CODEC } from './disk/journal-codec.js';
import type { EntryJournal } from './entry-journal.js';
import { MemoryJournal } from './memory/memory-journal.js';

const MS_PER_HOUR = 3_600_000;

/**
 * Creates the configured journal.
 * @param pressure is held while logs must wait for the journal.
 * @throws JournalError when the folder of a journal on the disk cannot be used.
 */
export async function createJournal(
  config: CertstreamConfig['journal'],
  pressure: BackPressure,
): Promise<EntryJournal> {
  const { store, path, max_hours, on_full: onFull } = config;
  const maxBytes = journalMaxBytes(config);
  if (store === 'memory') return new MemoryJournal(pressure, { maxBytes, onFull });
  const options = { folder: path, maxBytes, maxAgeMs: max_hours * MS_PER_HOUR, onFull };
  return DiskJournal.open(options, ENTRY_BATCH_CODEC, pressure, new Logger('Journal'));
}

/** Returns the most bytes that the journal may take. */
export function journalMaxBytes({ store, max_mb, max_gb }: CertstreamConfig['journal']): number {
  return store === 'memory' ? max_mb * 2 ** 20 : max_gb * 2 ** 30;
}
