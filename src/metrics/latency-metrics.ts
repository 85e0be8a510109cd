import {
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
  type Labels,
  type Report,
} from '../discovery/metric-source.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import type { LogLatency } from '../ct-log/reporting/log-latency.js';
import type { DelayHistogram } from '../kernel/delay-histogram.js';
import type { FollowedLogs } from './per-log.js';

const LOG_TYPES = ['rfc6962', 'tiled'] as const;

/** Metrics of the time that entries take from the log to the stream. */
@MetricSource()
export class LatencyMetrics implements MetricContribution {
  constructor(private readonly tailing: TailingService) {}

  metrics(): MetricDefinition[] {
    return latencyMetrics(this.tailing);
  }
}

function latencyMetrics(tailing: FollowedLogs): MetricDefinition[] {
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

/** Reports the sum of several histograms with the same buckets. Reports nothing if there are no histograms. */
export function reportHistograms(
  report: Report,
  histograms: readonly DelayHistogram[],
  labels: Labels,
): void {
  if (histograms.length === 0) return;
  const [{ buckets }] = histograms;
  let total = 0;
  for (let bucket = 0; bucket <= buckets.length; bucket++) {
    for (const { counts } of histograms) total += counts[bucket];
    report(total, { ...labels, le: String(buckets[bucket] ?? '+Inf') }, 'bucket');
  }
  let seconds = 0;
  for (const { sum } of histograms) seconds += sum;
  report(seconds, labels, 'sum');
  report(total, labels, 'count');
}
