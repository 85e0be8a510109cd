import { logKey } from '../ct-log/client/ct-log.js';
import type { LogCounters } from '../ct-log/reporting/log-counters.js';
import type { LogStatus } from '../ct-log/reporting/log-status.js';
import type { Labels, MetricDefinition, Report } from '../discovery/metric-source.js';
import type { FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';

export type FollowedLogs = Pick<TailingService, 'followed'>;

/** Labels of everything that is counted per log; the log list bounds their values. */
export const LOG_LABELS = ['url', 'operator'];

/** Makes metrics with one sample per followed log: counters of what happened, gauges of where the log stands. */
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
          report(stateOf(followed.status) === state ? 1 : 0, { ...logLabels(followed), state });
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
export function perLog(tailing: FollowedLogs, value: (followed: FollowedLog) => number | undefined) {
  return (report: Report): void => {
    for (const followed of tailing.followed()) {
      const sample = value(followed);
      if (sample !== undefined) report(sample, logLabels(followed));
    }
  };
}
