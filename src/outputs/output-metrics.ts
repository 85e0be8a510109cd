import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { Outputs, type RegisteredOutput } from './outputs.js';

/**
 * What each output has acknowledged, and what it has not. Unless an output is `required`, its failure does not make `/readyz` fail: it
 * holds up no client, and the alert belongs on these metrics.
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
        for (const output of this.outputs.registered()) report(value(output), { output: output.output.name });
      },
    });
    return [
      perOutput(
        'gauge',
        'backlog_records',
        'Number of records of the journal that an output has not acknowledged yet.',
        ({ backlog }) => backlog.records,
      ),
      perOutput(
        'gauge',
        'backlog_entries',
        'Number of entries in these records; within half a percent.',
        ({ backlog }) => backlog.entries,
      ),
      perOutput(
        'gauge',
        'backlog_bytes',
        'Bytes that these records take in the journal; within half a percent.',
        ({ backlog }) => backlog.bytes,
      ),
      perOutput(
        'gauge',
        'backlog_seconds',
        'Age of the oldest of these records in seconds; 0 without records.',
        ({ backlog: { oldestTime } }) =>
          oldestTime === undefined ? 0 : Math.max(0, Date.now() - oldestTime) / 1000,
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
        'repeated_entries_total',
        'Number of entries whose delivery was tried once more because it had failed; the other side may have got them before.',
        ({ stats }) => stats.repeatedEntries,
      ),
      perOutput(
        'counter',
        'failures_total',
        'Number of deliveries to an output that failed; each is repeated.',
        ({ stats }) => stats.failures,
      ),
      perOutput(
        'gauge',
        'failing_seconds',
        'Time in seconds since the first failure after the last acknowledgement of an output; 0 while it works.',
        ({ stats: { failingSince } }) =>
          failingSince === 0 ? 0 : Math.max(0, Date.now() - failingSince) / 1000,
      ),
      perOutput(
        'counter',
        'refused_messages_total',
        'Number of messages that the other side refused for good; they are in the file of dead letters, unless it could not keep them.',
        ({ output }) => output.refused ?? 0,
      ),
      perOutput(
        'counter',
        'lost_dead_letters_total',
        'Number of refused messages that no file contains: the file of dead letters could not be written, or was full, and the oldest were removed.',
        ({ output }) => output.lostDeadLetters ?? 0,
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
