import { type DiscoverableDecorator, DiscoveryService } from '@nestjs/core';

/**
 * Marks a provider that contributes metrics and implements {@link MetricContribution}. The server finds it in any module of
 * the application if `prometheus.enabled` is true.
 */
export const MetricSource: DiscoverableDecorator<void> = DiscoveryService.createDecorator<void>();

export interface MetricContribution {
  /** Returns the metrics. The server calls it once, after the application has started. */
  metrics(): readonly MetricDefinition[];
}

/** Defines one metric. Its values are read at every scrape, so its owner can count with a plain number. */
export interface MetricDefinition {
  /** A counter must never decrease while the process runs. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Name without `prometheus.metric_prefix`, which the exposition adds. */
  readonly name: string;
  /** HELP text: one sentence. */
  readonly help: string;
  /** Names of the labels. Reporting a sample with another label is an error. */
  readonly labels?: readonly string[];
  /** Reports the current samples. If it throws, this scrape lacks the metric. */
  readonly read: (report: Report) => void;
}

/**
 * Reports one sample. Samples with the same labels are added up.
 * @param part for histograms only: `sum`, `count`, or a cumulative `bucket` with the label `le`.
 */
export type Report = (value: number, labels?: Labels, part?: 'bucket' | 'sum' | 'count') => void;

/** Label values of one sample. */
export type Labels = Readonly<Record<string, string>>;
