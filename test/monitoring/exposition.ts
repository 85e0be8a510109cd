/** A metric as a query sees it. */
export interface MetricShape {
  /** Type of the metric: `counter`, `gauge`, or `histogram` for each of the three series of a histogram. */
  readonly type: string;
  readonly labels: Set<string>;
  readonly samples: number;
}

/** Labels that Prometheus adds to each sample it scrapes. */
const SCRAPE_LABELS = ['job', 'instance'];

/** Returns the metrics of an exposition in the Prometheus text format by the names of their samples. */
export function shapesOf(text: string): Map<string, MetricShape> {
  const shapes = new Map<string, { type: string; labels: Set<string>; samples: number }>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) {
      const names = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
      for (const each of names) shapes.set(each, { type, labels: new Set(SCRAPE_LABELS), samples: 0 });
      continue;
    }
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line);
    if (sample === null) continue;
    const shape = shapes.get(sample[1]);
    if (shape === undefined) throw new Error(`a sample without TYPE: ${line}`);
    shape.samples++;
    for (const [, label] of (sample[2] ?? '').matchAll(/([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"/g)) {
      shape.labels.add(label);
    }
  }
  return shapes;
}
