import { Logger } from '@nestjs/common';
import type { Cluster } from '../../cluster/cluster.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { BackPressure } from '../back-pressure.js';
import { DiskJournal } from './disk/disk-journal.js';
import { ENTRY_BATCH_CODEC } from './disk/journal-codec.js';
import type { EntryJournal } from './entry-journal.js';
import { JetStreamJournal } from './jetstream/jetstream-journal.js';
import { MemoryJournal } from './memory/memory-journal.js';

const MS_PER_HOUR = 3_600_000;

/**
 * Creates the configured journal: in a cluster a stream of JetStream, else the one of the section `journal`.
 * @param pressure is held while logs must wait for the journal.
 * @throws JournalError when the folder of a journal on the disk, or the stream of the cluster cannot be used.
 */
export async function createJournal(
  config: Pick<CertstreamConfig, 'journal' | 'cluster'>,
  pressure: BackPressure,
  cluster: Cluster | undefined,
): Promise<EntryJournal> {
  const { store, path, max_hours, on_full: onFull } = config.journal;
  const maxBytes = journalMaxBytes(config);
  const log = new Logger('Journal');
  if (cluster !== undefined) {
    const { prefix, replicas, inbox_prefix: inboxPrefix, role } = config.cluster;
    const maxAgeMs = config.cluster.max_hours * MS_PER_HOUR;
    const owner = cluster.self.id;
    const reads = role !== 'ingest';
    const settings = { prefix, replicas, maxBytes, maxAgeMs, inboxPrefix, owner, reads };
    return JetStreamJournal.open(cluster.connection, settings, pressure, log);
  }
  if (store === 'memory') return new MemoryJournal(pressure, { maxBytes, onFull });
  const options = { folder: path, maxBytes, maxAgeMs: max_hours * MS_PER_HOUR, onFull };
  return DiskJournal.open(options, ENTRY_BATCH_CODEC, pressure, log);
}

/** Returns the most bytes that the journal may take. */
export function journalMaxBytes({
  journal: { store, max_mb, max_gb },
  cluster,
}: Pick<CertstreamConfig, 'journal' | 'cluster'>): number {
  if (cluster.servers.length > 0) return cluster.max_gb * 2 ** 30;
  return store === 'memory' ? max_mb * 2 ** 20 : max_gb * 2 ** 30;
}
