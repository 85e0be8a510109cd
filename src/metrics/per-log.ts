import { logKey } from '../ct-log/client/ct-log.js';
import type { LogStats } from '../ct-log/reporting/log-stats.js';
import type { Labels, MetricDefinition, Report } from '../discovery/metric-source.js';
import type { FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';

export type FollowedLogs = Pick<TailingService, 'followed'>;

/** Labels of everything that is counted per log; the log list bounds their values. */
export const LOG_LABELS = ['url', 'operator'];

/** Makes metrics with one sample per followed log. */
export function perLogMetrics(tailing: FollowedLogs) {
  const metric =
    (type: 'counter' | 'gauge') =>
    (name: string, help: string, value: (stats: LogStats) => number | undefined): MetricDefinition => ({
      type,
      name,
      help,
      labels: LOG_LABELS,
      read: perLog(tailing, value),
    });
  return { counter: metric('counter'), gauge: metric('gauge') };
}

export interface StateMetric<State extends string> {
  readonly name: string;
  readonly help: string;
  readonly states: readonly State[];
  readonly stateOf: (stats: LogStats) => State;
}

/** 1 for the state that each log is in, and 0 for the others. */
export function oneOf<State extends string>(
  tailing: FollowedLogs,
  { name, help, states, stateOf }: StateMetric<State>,
): MetricDefinition {
  return {
    type: 'gauge',
    name,
    help,
    labels: [...LOG_LABELS, 'state'],
    read: (report) => {
      for (const followed of tailing.followed()) {
        for (const state of states) {
          report(stateOf(followed.stats) === state ? 1 : 0, { ...logLabels(followed), state });
        }
      }
    },
  };
}

/** `url` as the Go server writes it: without scheme and trailing slash. */
export function logLabels({ log }: FollowedLog): Labels {
  return { url: logKey(log), operator: log.source.operator };
}

/** One sample per followed log; none where `value` answers undefined. */
export function perLog(tailing: FollowedLogs, value: (stats: LogStats) => number | undefined) {
  return (report: Report): void => {
    for (const followed of tailing.followed()) {
      const sample = value(followed.stats);
      if (sample !== undefined) report(sample, logLabels(followed));
    }
  };
}
