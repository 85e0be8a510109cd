import { logKey } from '../ct-log/client/ct-log.js';
import type { LogCounters } from '../ct-log/reporting/log-counters.js';
import type { LogStatus } from '../ct-log/reporting/log-status.js';
import type { Labels, MetricDefinition, Report } from '../discovery/metric-source.js';
import type { FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';

export type FollowedLogs = Pick<TailingService, 'followed'>;

/** Labels of all metrics per log. The log list bounds the number of their values. */
export const LOG_LABELS = ['url', 'operator'];

/** Makes metrics with one sample per followed log. Counters read the counters of a log, gauges read its status. */
export function perLogMetrics(tailing: FollowedLogs) {
  const metric =
    <Source>(type: 'counter' | 'gauge', source: (followed: FollowedLog) => Source) =>
    (name: string, help: string, value: (source: Source) => number | undefined): MetricDefinition => ({
      type,
      name,
      help,
      labels: LOG_LABELS,
      read: perLog(tailing, (followed) => value(source(followed))),
    });
  return {
    counter: metric<LogCounters>('counter', ({ counters }) => counters),
    gauge: metric<LogStatus>('gauge', ({ status }) => status),
  };
}

export interface StateMetric<State extends string> {
  readonly name: string;
  readonly help: string;
  readonly states: readonly State[];
  readonly stateOf: (status: LogStatus) => State;
}

/** Makes a metric that is 1 for the state of each log and 0 for all other states. */
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
          report(stateOf(followed.status) === state ? 1 : 0, { ...logLabels(followed), state });
        }
      }
    },
  };
}

/** Returns the labels of a log. Like the Go server, `url` has no scheme and no trailing slash. */
export function logLabels({ log }: FollowedLog): Labels {
  return { url: logKey(log), operator: log.source.operator };
}

/** Reports one sample per followed log, or none if `value` returns undefined. */
export function perLog(tailing: FollowedLogs, value: (followed: FollowedLog) => number | undefined) {
  return (report: Report): void => {
    for (const followed of tailing.followed()) {
      const sample = value(followed);
      if (sample !== undefined) report(sample, logLabels(followed));
    }
  };
}
