import { dashboard, max, metric, perSecond, processMetric, quantile, sum } from './dashboard.js';
import { graph, type Row, stat } from './panels.js';

const now: Row = {
  title: 'Now',
  panels: [
    stat({
      title: 'Entries per second',
      description: 'Log entries that the servers receive from all logs.',
      unit: 'cps',
      queries: [{ expr: perSecond(metric('certificates_total')), legend: 'entries' }],
    }),
    stat({
      title: 'Logs followed',
      description: 'Logs whose newest tree head and entries arrive.',
      unit: 'none',
      queries: [{ expr: sum(metric('log_state', 'state="following"')), legend: 'following' }],
    }),
    stat({
      title: 'Logs that fail',
      description:
        'Logs whose last request failed. The server tries again. The dashboard of logs shows which logs and why.',
      unit: 'none',
      warn: 1,
      queries: [{ expr: sum(metric('log_state', 'state="failing"')), legend: 'failing' }],
    }),
    stat({
      title: 'Broken logs',
      description: 'Logs whose entries and signed tree heads contradict each other.',
      unit: 'none',
      bad: 1,
      queries: [{ expr: sum(metric('log_verification_state', 'state="broken"')), legend: 'broken' }],
    }),
    stat({
      title: 'Entries to catch up',
      description: 'Entries that the logs have signed and that are not streamed yet.',
      unit: 'short',
      queries: [{ expr: sum(metric('log_lag_entries')), legend: 'entries' }],
    }),
    stat({
      title: 'Missing entries',
      description: 'Entries that a log did not serve. The server requests them again from time to time.',
      unit: 'short',
      warn: 1,
      queries: [{ expr: sum(metric('log_missing_entries')), legend: 'entries' }],
    }),
    stat({
      title: 'Clients',
      description: 'Connected clients of all streams.',
      unit: 'none',
      queries: [{ expr: sum(metric('clients_total')), legend: 'clients' }],
    }),
    stat({
      title: 'Messages per second',
      description: 'Messages written to clients; one message to ten clients counts as ten.',
      unit: 'cps',
      queries: [{ expr: perSecond(metric('messages_sent_total')), legend: 'messages' }],
    }),
    stat({
      title: 'Oldest backlog of an output',
      description: 'Age of the oldest record that an output has not acknowledged.',
      unit: 's',
      warn: 300,
      bad: 3600,
      queries: [{ expr: max(metric('output_backlog_seconds')), legend: 'age' }],
    }),
    stat({
      title: 'Certificate of the server',
      description: 'Time until the first TLS certificate of a listener expires.',
      unit: 's',
      queries: [
        {
          expr: `min(${metric('tls_certificate_expiry_timestamp_seconds')}) - time()`,
          legend: 'time left',
        },
      ],
    }),
    stat({
      title: 'Versions',
      description: 'Number of servers by version of the server and of Node.js.',
      unit: 'none',
      width: 8,
      queries: [
        {
          expr: `count by (version, node) (${metric('build_info')})`,
          legend: '{{version}}, Node.js {{node}}',
        },
      ],
    }),
  ],
};

const entries: Row = {
  title: 'Entries',
  panels: [
    graph({
      title: 'Entries by kind',
      description: 'Entries received, by whether they hold a certificate (regular) or a precertificate.',
      unit: 'cps',
      stacked: true,
      queries: [{ expr: perSecond(metric('certificates_total'), 'type'), legend: '{{type}}' }],
    }),
    graph({
      title: 'Delay from the signed head to the stream',
      description:
        'Time from the timestamp of the first signed tree head that covers an entry until the entry is streamed, by kind of log: the part of the delay that the server can influence.',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'head_to_stream_seconds', 'type'), legend: '{{type}}, median' },
        { expr: quantile(0.99, 'head_to_stream_seconds', 'type'), legend: '{{type}}, 99 %' },
      ],
    }),
    graph({
      title: 'Delay from the entry to the stream',
      description:
        'Time from the timestamp that a log gave an entry until the entry is streamed, by kind of log. It contains the time until the log signs a head.',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'entry_to_stream_seconds', 'type'), legend: '{{type}}, median' },
        { expr: quantile(0.99, 'entry_to_stream_seconds', 'type'), legend: '{{type}}, 99 %' },
      ],
    }),
    graph({
      title: 'Entries that could not be read',
      description:
        'Entries streamed with a parse_error, by its value, and certificates of which a part is left out.',
      unit: 'cps',
      queries: [
        { expr: perSecond(metric('parse_errors_total'), 'code'), legend: '{{code}}' },
        { expr: perSecond(metric('malformed_extensions_total')), legend: 'malformed extensions' },
        { expr: perSecond(metric('chain_gaps_total')), legend: 'chains without an issuer' },
        { expr: perSecond(metric('chain_cuts_total')), legend: 'chains cut' },
        {
          expr: perSecond(metric('malformed_chain_certificates_total')),
          legend: 'malformed chain certificates',
        },
        { expr: perSecond(metric('impossible_dates_total')), legend: 'impossible dates' },
      ],
    }),
  ],
};

const process: Row = {
  title: 'Process (needs prometheus.expose_system_metrics)',
  panels: [
    graph({
      title: 'CPU',
      description: 'CPU time of each server: 1 is one core.',
      unit: 'percentunit',
      width: 8,
      queries: [
        { expr: perSecond(processMetric('process_cpu_seconds_total'), 'instance'), legend: '{{instance}}' },
      ],
    }),
    graph({
      title: 'Memory',
      description: 'Resident memory of each server, and the part that JavaScript objects use.',
      unit: 'bytes',
      width: 8,
      queries: [
        {
          expr: sum(processMetric('process_resident_memory_bytes'), 'instance'),
          legend: '{{instance}}, resident',
        },
        { expr: sum(processMetric('nodejs_heap_size_used_bytes'), 'instance'), legend: '{{instance}}, heap' },
      ],
    }),
    graph({
      title: 'Delay of the event loop',
      description:
        'Time that a ready task waits for the event loop, 99 % quantile. Above 0.5 s clients notice it.',
      unit: 's',
      width: 8,
      queries: [
        { expr: max(processMetric('nodejs_eventloop_lag_p99_seconds'), 'instance'), legend: '{{instance}}' },
      ],
    }),
  ],
};

const state: Row = {
  title: 'State of the servers',
  panels: [
    graph({
      title: 'Age of the saved positions and of the log list',
      description:
        'Time since the positions were saved, and since the log list in use was published. The list is published about once a day.',
      unit: 's',
      queries: [
        {
          expr: `time() - ${max(metric('position_last_save_timestamp_seconds'), 'instance')}`,
          legend: '{{instance}}, positions',
        },
        { expr: max(metric('log_list_age_seconds'), 'instance'), legend: '{{instance}}, log list' },
      ],
    }),
    graph({
      title: 'Errors of the server',
      description:
        'Failures that the log of the server explains: positions that could not be saved, TLS files that could not be loaded, and modules that failed.',
      unit: 'cps',
      queries: [
        { expr: perSecond(metric('position_save_failures_total')), legend: 'positions not saved' },
        {
          expr: perSecond(metric('tls_certificate_reload_failures_total'), 'listener'),
          legend: 'TLS files of {{listener}}',
        },
        { expr: perSecond(metric('subscriber_errors_total')), legend: 'subscribers' },
        {
          expr: perSecond(metric('metric_source_failures_total'), 'source'),
          legend: 'metrics of {{source}}',
        },
        { expr: perSecond(metric('journal_failures_total')), legend: 'journal' },
      ],
    }),
  ],
};

/** The dashboard that shows in one look whether the servers work. */
export const overview = dashboard({
  uid: 'overview',
  title: 'overview',
  description: 'Whether the servers follow all logs and deliver all entries.',
  rows: [now, entries, process, state],
});
