/** Values of one metric at one time, in the shape that prom-client gives them (`MetricObjectWithValues`). */
export interface CollectedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly CollectedSample[];
}

export interface CollectedSample {
  /** Name of the sample of a histogram or summary, with its suffix. Default: the name of the metric. */
  readonly metricName?: string;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}
