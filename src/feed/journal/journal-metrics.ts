import { Inject } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import {
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
} from '../../discovery/metric-source.js';
import type { DiskJournalStats } from './disk/disk-journal-options.js';
import { DiskJournal } from './disk/disk-journal.js';
import { journalMaxBytes } from './create-journal.js';
import { ENTRY_JOURNAL, type EntryJournal } from './entry-journal.js';

/** The journal: its bounds, and the files of the store on the disk. */
@MetricSource()
export class JournalMetrics implements MetricContribution {
  private readonly maxBytes: number;

  constructor(
    @Inject(CERTSTREAM_CONFIG) config: CertstreamConfig,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
  ) {
    this.maxBytes = journalMaxBytes(config);
  }

  metrics(): MetricDefinition[] {
    const { journal } = this;
    const stats = journal instanceof DiskJournal ? journal.stats : undefined;
    const ofDisk = (
      type: MetricDefinition['type'],
      name: string,
      help: string,
      value: (stats: DiskJournalStats) => number | undefined,
    ): MetricDefinition => ({
      type,
      name: `journal_${name}`,
      help: `${help}; absent without a journal on the disk.`,
      read: (report) => {
        const now = stats && value(stats);
        if (now !== undefined) report(now);
      },
    });
    return [
      {
        type: 'gauge',
        name: 'journal_records',
        help: 'Number of records that the journal holds.',
        read: (report) => report(journal.newest - journal.oldest + 1),
      },
      {
        type: 'gauge',
        name: 'journal_newest_record',
        help: 'Number of the newest record of the journal, which grows by one with each record.',
        read: (report) => report(journal.newest),
      },
      {
        type: 'gauge',
        name: 'journal_max_bytes',
        help: 'Most bytes that the journal may take: journal.max_gb with store disk, journal.max_mb with store memory, cluster.max_gb in a cluster.',
        read: (report) => report(this.maxBytes),
      },
      ofDisk(
        'counter',
        'appended_records_total',
        'Number of records appended to the journal',
        ({ records }) => records,
      ),
      ofDisk(
        'counter',
        'appended_entries_total',
        'Number of entries in appended records',
        ({ entries }) => entries,
      ),
      ofDisk(
        'counter',
        'written_bytes_total',
        'Bytes written to segments, headers of records included',
        ({ bytesWritten }) => bytesWritten,
      ),
      ofDisk('gauge', 'disk_bytes', 'Bytes of all segments on the disk', ({ bytes }) => bytes),
      ofDisk('gauge', 'segments', 'Number of segments on the disk', ({ segments }) => segments),
      ofDisk(
        'counter',
        'syncs_total',
        'Number of times a segment was synced to the disk',
        ({ syncs }) => syncs,
      ),
      ofDisk(
        'counter',
        'failures_total',
        'Number of times records could not be stored or read',
        ({ failures }) => failures,
      ),
      ofDisk(
        'counter',
        'lost_records_total',
        'Number of records that were appended and not stored',
        ({ lostRecords }) => lostRecords,
      ),
      ofDisk('counter', 'holes_total', 'Number of damaged parts of segments', ({ holes }) => holes),
      ofDisk(
        'counter',
        'skipped_records_total',
        'Number of records dropped before an output had acknowledged them',
        ({ skippedRecords }) => skippedRecords,
      ),
      ofDisk(
        'gauge',
        'oldest_record_timestamp_seconds',
        'Unix time in seconds when the oldest record was appended',
        ({ oldestTime }) => oldestTime && oldestTime / 1000,
      ),
    ];
  }
}
