import { type DiscoverableDecorator, DiscoveryService } from '@nestjs/core';

/**
 * Marks a provider that contributes metrics. It implements {@link MetricContribution}; the server finds it in any module of
 * the application when `prometheus.enabled` is true.
 */
export const MetricSource: DiscoverableDecorator<void> = DiscoveryService.createDecorator<void>();

export interface MetricContribution {
  /** Is called once, when the application has started. */
  metrics(): readonly MetricDefinition[];
}

/** One metric. Its values are read from their owner at every scrape, so that counting costs no more than a plain number. */
export interface MetricDefinition {
  /** Counters never go down as long as the process runs. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Without `prometheus.metric_prefix`, which the exposition puts before it. */
  readonly name: string;
  /** A sentence. */
  readonly help: string;
  /** Names of the labels; a report with another label is an error. */
  readonly labels?: readonly string[];
  /** Reports the samples of this moment. When it throws, this scrape is without the metric. */
  readonly read: (report: Report) => void;
}

/**
 * Reports one sample; several with the same labels add up.
 * @param part of a histogram: a `bucket`, cumulative and with the label `le`, the `sum` or the `count`.
 */
export type Report = (value: number, labels?: Labels, part?: 'bucket' | 'sum' | 'count') => void;

/** Label values of one sample. */
export type Labels = Readonly<Record<string, string>>;
