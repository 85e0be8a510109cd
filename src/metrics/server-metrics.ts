import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { packageJson } from '../kernel/package-json.js';
import { standardError, standardOutput } from '../logging/log-writer.js';

const LIST_SOURCES = ['network', 'cache', 'none'] as const;

/** Metrics of the log list, the state file and the running program. */
@MetricSource()
export class ServerMetrics implements MetricContribution {
  constructor(
    private readonly logList: LogListService,
    private readonly states: LogStateStore,
  ) {}

  metrics(): MetricDefinition[] {
    const { logList, states } = this;
    const { version } = packageJson();
    return [
      {
        type: 'gauge',
        name: 'log_list_source',
        help: 'Source of the log list in use: 1 for this source and 0 for the others.',
        labels: ['source'],
        read: (report) => {
          for (const source of LIST_SOURCES) report(logList.status.source === source ? 1 : 0, { source });
        },
      },
      {
        type: 'gauge',
        name: 'log_list_age_seconds',
        help: 'Seconds since the log list in use was published.',
        read: (report) => {
          const { timestamp } = logList.status;
          if (timestamp !== undefined) report(Math.max(0, (Date.now() - timestamp) / 1000));
        },
      },
      {
        type: 'gauge',
        name: 'log_list_last_success_timestamp_seconds',
        help: 'Unix time in seconds of the last accepted download of the log list; 0 before the first download.',
        read: (report) => report(logList.status.lastSuccessAt / 1000),
      },
      {
        type: 'counter',
        name: 'state_saves_total',
        help: 'Number of times the positions, verified trees and gaps were saved.',
        read: (report) => report(states.stats.saves),
      },
      {
        type: 'counter',
        name: 'position_save_failures_total',
        help: 'Number of times the positions could not be saved; the server continues and tries again.',
        read: (report) => report(states.stats.failedSaves),
      },
      {
        type: 'gauge',
        name: 'position_last_save_timestamp_seconds',
        help: 'Unix time in seconds of the last save of positions, or of the oldest change of a position that is not saved if it is earlier; absent before the first save.',
        read: (report) => {
          if (states.stats.lastSaveAt > 0) report(states.stats.lastSaveAt / 1000);
        },
      },
      {
        type: 'counter',
        name: 'lost_log_lines_total',
        help: 'Number of lines of the log of this server that were lost, because nothing read its standard output or standard error.',
        labels: ['output'],
        read: (report) => {
          report(standardOutput.lost, { output: 'stdout' });
          report(standardError.lost, { output: 'stderr' });
        },
      },
      {
        type: 'gauge',
        name: 'build_info',
        help: 'Always 1; the labels are the versions of the server and of Node.js.',
        labels: ['version', 'node'],
        read: (report) => report(1, { version, node: process.version }),
      },
    ];
  }
}
