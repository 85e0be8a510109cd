import { Injectable } from '@nestjs/common';
import { type Metric, register, Registry } from 'prom-client';
import { LimitedCall } from '../contributions/contributions.js';
import { MetricFailures } from './metric-failures.js';

/** Milliseconds for the metrics that read their value when they are collected. */
const COLLECT_LIMIT_MS = 2000;

const SOURCE = 'prom-client';

/** prom-client's registry of the process: what `makeCounterProvider` and its like of `@willsoto/nestjs-prometheus` fill. */
@Injectable()
export class DefaultRegistry {
  private readonly texts = new WeakMap<object, LimitedCall<string>>();

  constructor(private readonly failures: MetricFailures) {}

  /** Names that `own` has as well are left out here. */
  warnOfTaken(own: Registry): void {
    const taken = this.names().filter((name) => own.getSingleMetric(name) !== undefined);
    if (taken.length > 0) this.failures.taken(SOURCE, taken);
  }

  /** The exposition text. A metric that fails or takes too long is left out. */
  async metrics(own: Registry): Promise<string> {
    const names = this.names().filter((name) => own.getSingleMetric(name) === undefined);
    const texts = await Promise.all(
      names.map((name) =>
        this.text(name).catch((error: unknown) => {
          this.failures.failed(SOURCE, error);
          return '';
        }),
      ),
    );
    return texts.map((text) => (text === '' ? '' : `\n${text}\n`)).join('');
  }

  private names(): string[] {
    return register.getMetricsAsArray().map(({ name }) => name);
  }

  private text(name: string): Promise<string> {
    const metric = register.getSingleMetric(name) as Metric;
    let call = this.texts.get(metric);
    if (call === undefined) {
      call = new LimitedCall(() => textOf(name, metric), COLLECT_LIMIT_MS);
      this.texts.set(metric, call);
    }
    return call.result();
  }
}

/** In the format of our own registry, also when the application has set another one, with exemplars, for its own. */
function textOf(name: string, metric: Metric): Promise<string> {
  if (register.contentType === Registry.PROMETHEUS_CONTENT_TYPE)
    return register.getSingleMetricAsString(name);
  const plain = new Registry();
  plain.registerMetric(metric);
  return plain.getSingleMetricAsString(name);
}
