import { labelledClients } from './client-labels.js';
import { STREAM_TYPES, streamKinds, streamMetrics } from './stream-metrics.js';
import { logMetrics } from './log-metrics.js';
import type { MetricDefinition } from './metric-definition.js';
import type { MetricSources } from './metric-sources.js';
import { LOG_LABELS, perLog } from './per-log.js';
import { webMetrics } from './web-metrics.js';

const LIST_SOURCES = ['network', 'cache', 'none'] as const;

/** Every metric of this server. Label values come from the log list, fixed sets and connected clients only. */
export function describeMetrics(sources: MetricSources): MetricDefinition[] {
  return [
    ...goMetrics(sources),
    ...streamMetrics(sources),
    ...webMetrics(sources),
    ...logMetrics(sources),
    ...certificateMetrics(sources),
    ...serverMetrics(sources),
  ];
}

/** Names and labels of certstream-server-go; its dashboards work with them. */
function goMetrics({ stream, clients, tailing }: MetricSources): MetricDefinition[] {
  return [
    {
      type: 'gauge',
      name: 'clients_total',
      help: 'Number of connected clients by stream.',
      labels: ['type'],
      read: (report) => {
        for (const kind of streamKinds()) {
          report(clients.audiences[kind].clients.size, { type: STREAM_TYPES[kind] });
        }
      },
    },
    {
      type: 'counter',
      name: 'certificates_total',
      help: 'Number of log entries received, by whether they hold a certificate or a precertificate.',
      labels: ['type'],
      read: (report) => {
        report(stream.stats.certificates, { type: 'regular' });
        report(stream.stats.precertificates, { type: 'precert' });
      },
    },
    {
      type: 'counter',
      name: 'certs_by_log_total',
      help: 'Number of entries streamed of each log.',
      labels: LOG_LABELS,
      read: perLog(tailing, ({ counters }) => counters.entries),
    },
    {
      type: 'gauge',
      name: 'skipped_certs',
      help: 'Number of messages a connected client missed because it could not keep up.',
      labels: ['client'],
      read: (report) => {
        for (const { client, value } of labelledClients(clients.audiences)) report(value, { client });
      },
    },
  ];
}

function certificateMetrics({ stream }: MetricSources): MetricDefinition[] {
  const { stats } = stream.renderer;
  return [
    {
      type: 'counter',
      name: 'parse_errors_total',
      help: 'Number of entries streamed with a parse_error, by its value. Entries nobody reads are not parsed.',
      labels: ['code'],
      read: (report) => {
        for (const [code, count] of stats.parseErrors) report(count, { code });
      },
    },
    {
      type: 'counter',
      name: 'malformed_extensions_total',
      help: 'Number of certificate extensions left out because they are malformed.',
      read: (report) => report(stats.malformedExtensions),
    },
    {
      type: 'counter',
      name: 'chain_gaps_total',
      help: 'Number of chains that end early because an issuer was not served.',
      read: (report) => report(stats.chainGaps),
    },
    {
      type: 'counter',
      name: 'chain_cuts_total',
      help: 'Number of chains in full messages that end early: over 100 certificates or 1 MiB of text, or a list that breaks off.',
      read: (report) => report(stats.chainCuts),
    },
    {
      type: 'counter',
      name: 'malformed_chain_certificates_total',
      help: 'Number of chain certificates in full messages of which only a part could be read.',
      read: (report) => report(stats.malformedChainCertificates),
    },
    {
      type: 'counter',
      name: 'impossible_dates_total',
      help: 'Number of certificate dates that do not exist and are published as 0.',
      read: (report) => report(stats.impossibleDates),
    },
  ];
}

function serverMetrics({ logList, states, version, now }: MetricSources): MetricDefinition[] {
  return [
    {
      type: 'gauge',
      name: 'log_list_source',
      help: 'Where the log list in use came from: 1 for that source and 0 for the others.',
      labels: ['source'],
      read: (report) => {
        for (const source of LIST_SOURCES) report(logList.status.source === source ? 1 : 0, { source });
      },
    },
    {
      type: 'gauge',
      name: 'log_list_age_seconds',
      help: 'Seconds since the log list in use was made.',
      read: (report) => {
        const { timestamp } = logList.status;
        if (timestamp !== undefined) report(Math.max(0, (now() - timestamp) / 1000));
      },
    },
    {
      type: 'gauge',
      name: 'log_list_last_success_timestamp_seconds',
      help: 'Unix time in seconds of the last accepted download of the log list; 0 before the first.',
      read: (report) => report(logList.status.lastSuccessAt / 1000),
    },
    {
      type: 'counter',
      name: 'state_saves_total',
      help: 'Number of times positions, verified trees and gaps were saved.',
      read: (report) => report(states.stats.saves),
    },
    {
      type: 'counter',
      name: 'position_save_failures_total',
      help: 'Number of times the positions could not be saved; the server goes on and tries again.',
      read: (report) => report(states.stats.failedSaves),
    },
    {
      type: 'gauge',
      name: 'position_last_save_timestamp_seconds',
      help: 'Unix time in seconds when the positions were last saved; absent before that.',
      read: (report) => {
        if (states.stats.lastSaveAt > 0) report(states.stats.lastSaveAt / 1000);
      },
    },
    {
      type: 'gauge',
      name: 'build_info',
      help: 'Always 1; the labels tell what runs.',
      labels: ['version', 'node'],
      read: (report) => report(1, { version, node: process.version }),
    },
  ];
}
