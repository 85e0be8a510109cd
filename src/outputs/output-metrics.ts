import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { Outputs, type RegisteredOutput } from './outputs.js';

/**
 * What each output has acknowledged, and what it has not. An output that fails does not make `/readyz` fail: it holds up no client,
 * and the alert belongs on these metrics.
 */
@MetricSource()
export class OutputMetrics implements MetricContribution {
  constructor(private readonly outputs: Outputs) {}

  metrics(): MetricDefinition[] {
    const perOutput = (
      type: MetricDefinition['type'],
      name: string,
      help: string,
      value: (output: RegisteredOutput) => number,
    ): MetricDefinition => ({
      type,
      name: `output_${name}`,
      help,
      labels: ['output'],
      read: (report) => {
        for (const output of this.outputs.registered()) report(value(output), { output: output.name });
      },
    });
    return [
      perOutput(
        'gauge',
        'backlog_records',
        'Number of records of the journal that an output has not acknowledged yet.',
        ({ backlog }) => backlog,
      ),
      perOutput(
        'counter',
        'acknowledged_records_total',
        'Number of records that an output has acknowledged.',
        ({ stats }) => stats.records,
      ),
      perOutput(
        'counter',
        'acknowledged_entries_total',
        'Number of entries that an output has acknowledged.',
        ({ stats }) => stats.entries,
      ),
      perOutput(
        'counter',
        'failures_total',
        'Number of deliveries to an output that failed; each is repeated.',
        ({ stats }) => stats.failures,
      ),
      perOutput(
        'counter',
        'skipped_records_total',
        'Number of records that the journal dropped before an output got them.',
        ({ stats }) => stats.skipped,
      ),
      perOutput(
        'gauge',
        'last_acknowledgement_timestamp_seconds',
        'Unix time in seconds of the last acknowledgement of an output; 0 before the first.',
        ({ stats }) => stats.lastAcknowledgedAt / 1000,
      ),
    ];
  }
}
