import { Logger } from '@nestjs/common';
import { describeFailure } from '../discovery/contributions.js';
import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { ProblemLog } from '../logging/problem-log.js';

/** Counts and logs the metrics that a contribution could not give; they cost no other metric. */
@MetricSource()
export class MetricFailures implements MetricContribution {
  private readonly problems = new ProblemLog(new Logger('Metrics'));
  private readonly counts = new Map<string, number>();

  /** @param source the class that contributes, or `prom-client` for a metric of its default registry. */
  failed(source: string, error: unknown): void {
    this.counts.set(source, (this.counts.get(source) ?? 0) + 1);
    const { message, fields } = describeFailure(error);
    this.problems.report(source, `metrics of ${source} are left out: ${message}`, fields);
  }

  /** @param names of metrics of a source that other metrics have already. */
  taken(source: string, names: readonly string[]): void {
    const list = names.join(', ');
    this.problems.report(
      `${source} ${list}`,
      `metrics of ${source} are left out, their names are taken: ${list}`,
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
        help: 'Number of times metrics of a module could not be read, by the class that contributes them.',
        labels: ['source'],
        read: (report) => {
          for (const [source, count] of this.counts) report(count, { source });
        },
      },
    ];
  }
}
