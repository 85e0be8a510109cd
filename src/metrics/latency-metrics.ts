import type { LogLatency } from '../ct-log/reporting/log-latency.js';
import type { DelayHistogram } from '../kernel/delay-histogram.js';
import { type MetricDefinition, reportHistograms } from './metric-definition.js';
import type { MetricSources } from './metric-sources.js';

const LOG_TYPES = ['rfc6962', 'tiled'] as const;

/** How long entries take from the log to the stream. */
export function latencyMetrics({ tailing }: MetricSources): MetricDefinition[] {
  const histogram = (
    name: string,
    help: string,
    value: (latency: LogLatency) => DelayHistogram,
  ): MetricDefinition => ({
    type: 'histogram',
    name,
    help,
    labels: ['type'],
    read: (report) => {
      for (const type of LOG_TYPES) {
        const followed = tailing.followed().filter(({ log }) => log.source.type === type);
        reportHistograms(
          report,
          followed.map(({ counters }) => value(counters.latency)),
          { type },
        );
      }
    },
  });
  return [
    histogram(
      'head_to_stream_seconds',
      'Seconds from the timestamp of the first signed head that covers an entry to its publication, by kind of log.',
      (latency) => latency.sinceHead,
    ),
    histogram(
      'entry_to_stream_seconds',
      'Seconds from the timestamp that a log gave an entry to its publication, by kind of log.',
      (latency) => latency.sinceEntry,
    ),
  ];
}
