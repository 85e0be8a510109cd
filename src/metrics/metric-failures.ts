import { Logger } from '@nestjs/common';
import { describeFailure } from '../discovery/contributions.js';
import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { ProblemLog } from '../logging/problem-log.js';

/** Counts and logs failures of metric contributions. A failure does not affect other metrics. */
@MetricSource()
export class MetricFailures implements MetricContribution {
  private readonly problems = new ProblemLog(new Logger('Metrics'));
  private readonly counts = new Map<string, number>();

  /** @param source class that contributes the metrics, or `prom-client` for a metric of its default registry. */
  failed(source: string, error: unknown): void {
    this.counts.set(source, (this.counts.get(source) ?? 0) + 1);
    const { message, fields } = describeFailure(error);
    this.problems.report(source, `metrics of ${source} are left out: ${message}`, fields);
  }

  /** @param names of the metrics of `source` that other metrics already use. */
  taken(source: string, names: readonly string[]): void {
    const list = names.join(', ');
    this.problems.report(
      `${source} ${list}`,
      `metrics of ${source} are left out because their names are already in use: ${list}`,
      {
        code: 'METRICS_NAME_TAKEN',
      },
    );
  }

  metrics(): MetricDefinition[] {
    return [
      {
        type: 'counter',
        name: 'metric_source_failures_total',
        help: 'Number of times the metrics of a module could not be read, by contributing class.',
        labels: ['source'],
        read: (report) => {
          for (const [source, count] of this.counts) report(count, { source });
        },
      },
    ];
  }
}
