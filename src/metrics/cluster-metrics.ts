import { Inject, Optional } from '@nestjs/common';
import { CLUSTER, type Cluster, type LeaseGroup } from '../cluster/cluster.js';
import type { ClusterRole } from '../cluster/member-info.js';
import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../feed/journal/entry-journal.js';
import { JetStreamJournal } from '../feed/journal/jetstream/jetstream-journal.js';
import type { StreamStats } from '../feed/journal/jetstream/stream-stats.js';

const ROLES: readonly ClusterRole[] = ['all', 'ingest', 'gateway'];
const GROUPS: readonly LeaseGroup[] = ['logs', 'outputs'];

/** The cluster as this member sees it: members, leases, lag and what it publishes. Without a cluster there are no samples. */
@MetricSource()
export class ClusterMetrics implements MetricContribution {
  private readonly journal: JetStreamJournal | undefined;

  constructor(
    @Inject(ENTRY_JOURNAL) journal: EntryJournal,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {
    this.journal = journal instanceof JetStreamJournal ? journal : undefined;
  }

  metrics(): MetricDefinition[] {
    return [...this.ofMembers(), ...this.ofStream()];
  }

  private ofMembers(): MetricDefinition[] {
    const { cluster } = this;
    const leases = (
      name: string,
      help: string,
      counts: (owner: string | undefined) => boolean,
    ): MetricDefinition => ({
      type: 'gauge',
      name,
      help,
      labels: ['group'],
      read: (report) => {
        if (cluster === undefined) return;
        for (const group of GROUPS)
          report([...cluster.units(group).values()].filter(counts).length, { group });
      },
    });
    return [
      {
        type: 'gauge',
        name: 'cluster_members',
        help: 'Number of live members of the cluster by role, as this member sees them; absent without a cluster.',
        labels: ['role'],
        read: (report) => {
          if (cluster === undefined) return;
          const members = cluster.members();
          for (const role of ROLES) report(members.filter((member) => member.role === role).length, { role });
        },
      },
      {
        type: 'gauge',
        name: 'cluster_connected',
        help: 'Whether this member is connected to the nats servers of the cluster: 1 or 0.',
        read: (report) => {
          if (cluster !== undefined) report(cluster.isConnected ? 1 : 0);
        },
      },
      leases(
        'cluster_leases_held',
        'Number of units of work that this member does: groups of logs, and outputs.',
        (owner) => owner === cluster?.self.id,
      ),
      leases(
        'cluster_leases_without_owner',
        'Number of units of work that no live member does; above 0 for some seconds while one is handed over.',
        (owner) => owner === undefined,
      ),
    ];
  }

  private ofStream(): MetricDefinition[] {
    const { journal } = this;
    const metric = (
      type: 'counter' | 'gauge',
      name: string,
      help: string,
      value: (journal: JetStreamJournal) => number,
    ): MetricDefinition => ({
      type,
      name: `cluster_${name}`,
      help,
      read: (report) => {
        if (journal !== undefined) report(value(journal));
      },
    });
    const counter = (name: string, help: string, value: (stats: StreamStats) => number) =>
      metric('counter', name, help, (from) => value(from.stats));
    return [
      metric(
        'gauge',
        'lag_records',
        'Number of records of the stream that this member has not read.',
        (from) => from.stats.unreadRecords,
      ),
      metric(
        'gauge',
        'lag_seconds',
        'Seconds for which records of the stream have waited to be read by this member.',
        (from) => from.delay.lag,
      ),
      metric(
        'gauge',
        'stream_silent_seconds',
        'Seconds since the stream has answered; it is asked every two seconds.',
        (from) => from.delay.silence,
      ),
      metric('gauge', 'stream_bytes', 'Bytes of the stream in JetStream.', (from) => from.state.bytes),
      metric(
        'gauge',
        'pending_bytes',
        'Bytes of entries that wait to be stored in the stream.',
        (from) => from.stats.pendingBytes,
      ),
      counter(
        'published_records_total',
        'Number of records that the stream has stored for this member.',
        (stats) => stats.publishedRecords,
      ),
      counter(
        'published_entries_total',
        'Number of entries in these records.',
        (stats) => stats.publishedEntries,
      ),
      counter('published_bytes_total', 'Bytes of these records.', (stats) => stats.publishedBytes),
      counter(
        'repeated_publishes_total',
        'Number of publishes that were repeated, because no answer came or the record could not be stored.',
        (stats) => stats.repeatedPublishes,
      ),
      counter(
        'fenced_logs_total',
        'Number of times another member had continued a log of this one.',
        (stats) => stats.fencedLogs,
      ),
      counter(
        'given_up_entries_total',
        'Number of entries that this member did not publish because another one continues their log.',
        (stats) => stats.givenUpEntries,
      ),
      counter(
        'refused_entries_total',
        'Number of entries that were too large for the nats servers.',
        (stats) => stats.refusedEntries,
      ),
      counter(
        'read_records_total',
        'Number of records that this member has read from the stream.',
        (stats) => stats.readRecords,
      ),
      counter('read_entries_total', 'Number of entries in these records.', (stats) => stats.readEntries),
      counter(
        'missed_records_total',
        'Number of records that the stream dropped before this member read them.',
        (stats) => stats.missedRecords,
      ),
      counter(
        'unreadable_records_total',
        'Number of records that this member could not decode.',
        (stats) => stats.unreadableRecords,
      ),
      counter(
        'stream_replacements_total',
        'Number of times another stream had taken the place of the stream.',
        (stats) => stats.replacements,
      ),
    ];
  }
}
