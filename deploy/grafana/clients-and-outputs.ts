import { dashboard, max, metric, perSecond, quantile, sum } from './dashboard.js';
import { graph, type Panel, type Row, table } from './panels.js';

/** A graph with one series for each stream. */
function byStream(title: string, description: string, unit: string, expr: string, stacked = false): Panel {
  return graph({ title, description, unit, width: 8, stacked, queries: [{ expr, legend: '{{type}}' }] });
}

/** A graph with one series for each output. */
function byOutput(title: string, description: string, unit: string, expr: string): Panel {
  return graph({ title, description, unit, width: 8, queries: [{ expr, legend: '{{output}}' }] });
}

const OUTPUT = 'instance, output';

/** The increase of a counter of outputs in the time range that the dashboard shows. */
const inRange = (name: string): string => sum(`increase(${metric(name)}[$__range])`, OUTPUT);

const clients: Row = {
  title: 'Clients',
  panels: [
    byStream('Clients', 'Connected clients by stream.', 'none', sum(metric('clients_total'), 'type'), true),
    byStream(
      'New connections',
      'Connections of clients accepted, by stream. Clients that reconnect all the time show here.',
      'cps',
      perSecond(metric('connections_total'), 'type'),
    ),
    graph({
      title: 'Connections',
      description:
        'WebSocket connections, clients of Server-Sent Events by stream, and connections that are not or not yet clients.',
      unit: 'none',
      width: 8,
      queries: [
        { expr: sum(metric('open_websockets')), legend: 'WebSocket' },
        { expr: sum(metric('sse_connections'), 'type'), legend: 'Server-Sent Events, {{type}}' },
        { expr: sum(metric('pending_connections')), legend: 'not or not yet clients' },
      ],
    }),
    byStream(
      'Messages sent',
      'Messages written to clients; one message to ten clients counts as ten.',
      'cps',
      perSecond(metric('messages_sent_total'), 'type'),
      true,
    ),
    byStream(
      'Data sent',
      'Messages written to clients with their frames, before TLS.',
      'Bps',
      perSecond(metric('sent_bytes_total'), 'type'),
      true,
    ),
    graph({
      title: 'Delay until a message is sent',
      description:
        'Time from the publication of a message until the operating system accepted it for a client.',
      unit: 's',
      width: 8,
      queries: [
        { expr: quantile(0.5, 'send_delay_seconds', 'type'), legend: '{{type}}, median' },
        { expr: quantile(0.99, 'send_delay_seconds', 'type'), legend: '{{type}}, 99 %' },
      ],
    }),
    graph({
      title: 'Refused',
      description:
        'Refused requests, handshakes and connections, and clients closed because of their messages, by reason.',
      unit: 'cps',
      queries: [{ expr: perSecond(metric('refusals_total'), 'reason'), legend: '{{reason}}' }],
    }),
    graph({
      title: 'Compression with a shared context',
      description: 'Size of compressed messages as a part of their size without compression, by stream.',
      unit: 'percentunit',
      queries: [
        {
          expr: `${perSecond(metric('compressed_bytes_total'), 'type')} / ${perSecond(metric('compressed_plain_bytes_total'), 'type')}`,
          legend: '{{type}}',
        },
      ],
    }),
  ],
};

const slow: Row = {
  title: 'Slow clients',
  panels: [
    byStream(
      'Messages dropped',
      'Messages that clients missed because they could not keep up.',
      'cps',
      perSecond(metric('dropped_messages_total'), 'type'),
    ),
    graph({
      title: 'Clients that missed most',
      description: 'Messages that the connected clients missed: the ten clients with most.',
      unit: 'short',
      width: 8,
      queries: [{ expr: `topk(10, ${sum(metric('skipped_certs'), 'client')} > 0)`, legend: '{{client}}' }],
    }),
    graph({
      title: 'Clients closed and logs held up',
      description:
        'Clients whose connection was closed because they could not keep up, and the part of the time in which logs waited for clients with slow=block.',
      unit: 'cps',
      width: 8,
      queries: [
        { expr: perSecond(metric('slow_clients_closed_total'), 'type'), legend: '{{type}}, closed' },
        { expr: perSecond(metric('blocked_seconds_total')), legend: 'seconds per second of waiting logs' },
      ],
    }),
    byStream(
      'Clients that wait',
      'Clients with queued messages.',
      'none',
      sum(metric('waiting_clients'), 'type'),
    ),
    byStream(
      'Queued messages',
      'Messages in the queues of clients.',
      'short',
      sum(metric('queued_messages'), 'type'),
    ),
    byStream(
      'Queued data',
      'Bytes in the queues of clients; memory that clients share counts for each client.',
      'bytes',
      sum(metric('queued_bytes'), 'type'),
    ),
  ],
};

const outputs: Row = {
  title: 'Outputs',
  panels: [
    table({
      title: 'Outputs',
      description:
        'One row for each output of each server. Refused and skipped count in the time range that the dashboard shows.',
      unit: 'none',
      labels: { instance: 'Server', output: 'Output' },
      queries: [
        { expr: sum(metric('output_backlog_entries'), OUTPUT), legend: 'Backlog', unit: 'short' },
        { expr: max(metric('output_backlog_seconds'), OUTPUT), legend: 'Age of the backlog', unit: 's' },
        {
          expr: perSecond(metric('output_acknowledged_entries_total'), OUTPUT),
          legend: 'Acknowledged',
          unit: 'cps',
        },
        { expr: max(metric('output_failing_seconds'), OUTPUT), legend: 'Failing for', unit: 's' },
        { expr: inRange('output_refused_messages_total'), legend: 'Refused', unit: 'short' },
        { expr: inRange('output_skipped_records_total'), legend: 'Skipped records', unit: 'short' },
        {
          expr: `1000 * (${max(metric('output_last_acknowledgement_timestamp_seconds'), OUTPUT)} > 0)`,
          legend: 'Last acknowledgement',
          unit: 'dateTimeFromNow',
        },
      ],
    }),
    byOutput(
      'Entries acknowledged',
      'Entries that the other side has acknowledged.',
      'cps',
      perSecond(metric('output_acknowledged_entries_total'), 'output'),
    ),
    byOutput(
      'Backlog',
      'Entries that wait in the journal for an output.',
      'short',
      sum(metric('output_backlog_entries'), 'output'),
    ),
    byOutput(
      'Age of the backlog',
      'Age of the oldest record that an output has not acknowledged.',
      's',
      max(metric('output_backlog_seconds'), 'output'),
    ),
    byOutput(
      'Failures',
      'Deliveries that failed. The server repeats them.',
      'cps',
      perSecond(metric('output_failures_total'), 'output'),
    ),
    byOutput(
      'Entries tried once more',
      'Entries whose delivery was tried once more because it had failed. The other side may have got them before.',
      'cps',
      perSecond(metric('output_repeated_entries_total'), 'output'),
    ),
    byOutput(
      'Messages refused',
      'Messages that the other side refused for good. They are in the file of dead letters.',
      'cps',
      perSecond(metric('output_refused_messages_total'), 'output'),
    ),
  ],
};

const journal: Row = {
  title: 'Journal',
  panels: [
    graph({
      title: 'Part of the journal that outputs still need',
      description:
        'Data that waits for the slowest output, as a part of the largest size of the journal. At 100 % the logs wait, or records are skipped (journal.on_full).',
      unit: 'percentunit',
      width: 8,
      queries: [
        {
          expr: `${max(metric('output_backlog_bytes'), 'instance')} / ${max(metric('journal_max_bytes'), 'instance')}`,
          legend: '{{instance}}',
        },
      ],
    }),
    graph({
      title: 'Size on the disk',
      description: 'Size of the files of the journal, and the limit (only with journal.store: disk).',
      unit: 'bytes',
      width: 8,
      queries: [
        { expr: max(metric('journal_disk_bytes'), 'instance'), legend: '{{instance}}' },
        { expr: max(metric('journal_max_bytes'), 'instance'), legend: '{{instance}}, limit' },
      ],
    }),
    graph({
      title: 'Written',
      description: 'Data written to the files of the journal (only with journal.store: disk).',
      unit: 'Bps',
      width: 8,
      queries: [
        { expr: perSecond(metric('journal_written_bytes_total'), 'instance'), legend: '{{instance}}' },
      ],
    }),
    graph({
      title: 'Oldest record',
      description: 'Age of the oldest record: as far back clients can ask for what they missed.',
      unit: 's',
      queries: [
        {
          expr: `time() - ${max(metric('journal_oldest_record_timestamp_seconds'), 'instance')}`,
          legend: '{{instance}}',
        },
      ],
    }),
    graph({
      title: 'Records lost or skipped',
      description:
        'Records that could not be stored or read, and records dropped before an output had acknowledged them.',
      unit: 'cps',
      queries: [
        { expr: perSecond(metric('journal_lost_records_total'), 'instance'), legend: '{{instance}}, lost' },
        {
          expr: perSecond(metric('journal_skipped_records_total'), 'instance'),
          legend: '{{instance}}, skipped',
        },
        { expr: perSecond(metric('journal_holes_total'), 'instance'), legend: '{{instance}}, damaged parts' },
      ],
    }),
  ],
};

/** The dashboard of everything that gets entries. */
export const clientsAndOutputs = dashboard({
  uid: 'clients-and-outputs',
  title: 'clients and outputs',
  description: 'Clients, slow clients, outputs and the journal.',
  rows: [clients, slow, outputs, journal],
});
