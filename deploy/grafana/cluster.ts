import { dashboard, max, metric, perSecond, sum } from './dashboard.js';
import { graph, type Panel, type Row, table } from './panels.js';

/** A graph with one series for each member. */
function byMember(title: string, description: string, unit: string, expr: string): Panel {
  return graph({ title, description, unit, width: 8, queries: [{ expr, legend: '{{instance}}' }] });
}

const members: Row = {
  title: 'Members',
  panels: [
    table({
      title: 'Members of the cluster',
      description: 'One row for each member that Prometheus scrapes.',
      unit: 'none',
      labels: { instance: 'Member' },
      queries: [
        { expr: max(metric('cluster_connected'), 'instance'), legend: 'Connected', unit: 'none' },
        { expr: sum(metric('cluster_leases_held'), 'instance'), legend: 'Units of work', unit: 'none' },
        { expr: max(metric('cluster_lag_seconds'), 'instance'), legend: 'Lag', unit: 's' },
        { expr: max(metric('cluster_lag_records'), 'instance'), legend: 'Records not read', unit: 'short' },
      ],
    }),
    graph({
      title: 'Live members',
      description: 'Members that each member sees, by role. The lines of all members agree.',
      unit: 'none',
      width: 8,
      queries: [
        { expr: max(metric('cluster_members'), 'instance, role'), legend: '{{role}}, seen by {{instance}}' },
      ],
    }),
    graph({
      title: 'Units of work held',
      description: 'Groups of logs that a member follows, and outputs that it runs.',
      unit: 'none',
      width: 8,
      queries: [
        { expr: max(metric('cluster_leases_held'), 'instance, group'), legend: '{{instance}}, {{group}}' },
      ],
    }),
    graph({
      title: 'Units of work without a member',
      description: 'Groups of logs and outputs that no live member does; some seconds are a handover.',
      unit: 'none',
      width: 8,
      queries: [{ expr: max(metric('cluster_leases_without_owner'), 'group'), legend: '{{group}}' }],
    }),
  ],
};

const stream: Row = {
  title: 'Stream',
  panels: [
    byMember(
      'Lag',
      'Time for which records have waited to be read by a member.',
      's',
      max(metric('cluster_lag_seconds'), 'instance'),
    ),
    byMember(
      'Stream silent',
      'Time since the stream has answered; it is asked every two seconds.',
      's',
      max(metric('cluster_stream_silent_seconds'), 'instance'),
    ),
    byMember(
      'Size of the stream',
      'Bytes of the stream in JetStream, as each member sees it.',
      'bytes',
      max(metric('cluster_stream_bytes'), 'instance'),
    ),
    byMember(
      'Entries published',
      'Entries that the stream has stored for a member.',
      'cps',
      perSecond(metric('cluster_published_entries_total'), 'instance'),
    ),
    byMember(
      'Entries read',
      'Entries that a member has read from the stream.',
      'cps',
      perSecond(metric('cluster_read_entries_total'), 'instance'),
    ),
    byMember(
      'Entries that wait for the stream',
      'Bytes of entries that are not stored yet.',
      'bytes',
      max(metric('cluster_pending_bytes'), 'instance'),
    ),
    graph({
      title: 'Faults',
      description:
        'Publishes that were repeated, logs that another member had continued, and records that were missed or cannot be read.',
      unit: 'cps',
      queries: [
        {
          expr: perSecond(metric('cluster_repeated_publishes_total'), 'instance'),
          legend: '{{instance}}, repeated',
        },
        { expr: perSecond(metric('cluster_fenced_logs_total'), 'instance'), legend: '{{instance}}, fenced' },
        {
          expr: perSecond(metric('cluster_missed_records_total'), 'instance'),
          legend: '{{instance}}, missed',
        },
        {
          expr: perSecond(metric('cluster_unreadable_records_total'), 'instance'),
          legend: '{{instance}}, unreadable',
        },
      ],
    }),
  ],
};

/** The dashboard of several servers that share the logs. */
export const cluster = dashboard({
  uid: 'cluster',
  title: 'cluster',
  description: 'Members, their work, and the stream that they share.',
  rows: [members, stream],
});
