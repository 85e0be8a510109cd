import { Logger } from '@nestjs/common';
import { messageOf } from '../kernel/certstream-error.js';
import { loadPackages, type OptionalPackage } from '../kernel/optional-package.js';
import { packageJson } from '../kernel/package-json.js';
import { ProblemLog } from '../logging/problem-log.js';
import type { CollectedMetric } from '../metrics/collected-metric.js';
import { metricData } from './metric-data.js';
import { recordSpans } from './span-recorder.js';
import { type OtlpEncoding, TelemetryError, type TelemetrySettings } from './telemetry-settings.js';

/** Name of the service unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` gives one, and of the instrumentation. */
const SERVICE = 'certstream-server-nest';
/** Time limit in milliseconds of the last export when the server stops. */
const STOP_WITHIN_MS = 5000;

/** Exports metrics and spans with OTLP, through the packages of OpenTelemetry. */
export class Telemetry {
  private readonly logger = new Logger(Telemetry.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly stops: (() => Promise<void>)[] = [];

  private constructor(
    private readonly settings: TelemetrySettings,
    private readonly packages: TelemetryPackages,
  ) {}

  /** @throws TelemetryError (`TELEMETRY_PACKAGE_MISSING`) with the command that installs the packages. */
  static async load(settings: TelemetrySettings): Promise<Telemetry> {
    return new Telemetry(settings, await loadTelemetryPackages(settings));
  }

  /** @param collect returns the values of all metrics. */
  start(collect: () => Promise<CollectedMetric[]>): void {
    const { metrics, traces } = this.packages;
    const resource = this.resource();
    if (metrics !== undefined) this.stops.push(this.exportMetrics(metrics, resource, collect));
    if (traces !== undefined) this.stops.push(this.exportSpans(traces, resource));
    const signals = [metrics && 'metrics', traces && 'traces'].filter(Boolean).join(' and ');
    this.logger.log(`${signals} are exported with OTLP`);
  }

  /** Exports what is left, within five seconds. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_WITHIN_MS)));
    await Promise.race([Promise.allSettled(this.stops.map((stop) => stop())), limit]);
    clearTimeout(timer);
  }

  private resource() {
    const { resources } = this.packages;
    const { version } = packageJson();
    const own = resources.resourceFromAttributes({ 'service.name': SERVICE, 'service.version': version });
    return own.merge(resources.detectResources({ detectors: [resources.envDetector] }));
  }

  private exportMetrics(
    { sdk, exporter }: NonNullable<TelemetryPackages['metrics']>,
    resource: Resource,
    collect: () => Promise<CollectedMetric[]>,
  ): () => Promise<void> {
    const start = Date.now() - performance.now();
    const reader = new sdk.PeriodicExportingMetricReader({
      exporter: this.watched('metrics', new exporter()),
      exportIntervalMillis: this.settings.metricInterval,
      exportTimeoutMillis: this.settings.metricTimeout,
      metricProducers: [
        {
          collect: async () => {
            const interval = { start, end: Date.now() };
            const metrics = (await collect()).flatMap((metric) => metricData(metric, interval, sdk));
            const scopeMetrics = [{ scope: { name: SERVICE, version: packageJson().version }, metrics }];
            return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
          },
        },
      ],
    });
    const provider = new sdk.MeterProvider({ resource, readers: [reader] });
    return () => provider.shutdown();
  }

  private exportSpans(
    { sdk, exporter }: NonNullable<TelemetryPackages['traces']>,
    resource: Resource,
  ): () => Promise<void> {
    const processor = new sdk.BatchSpanProcessor(this.watched('traces', new exporter()));
    const provider = new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] });
    const end = recordSpans(provider.getTracer(SERVICE, packageJson().version));
    return () => {
      end();
      return provider.shutdown();
    };
  }

  /** Returns the exporter, which from now on logs a failed export once, and the next success. */
  private watched<Exporter extends OtlpExporter>(signal: string, exporter: Exporter): Exporter {
    const exportNow = exporter.export.bind(exporter) as OtlpExporter['export'];
    const watching: OtlpExporter['export'] = (items, done) =>
      exportNow(items, (result) => {
        if (result.error === undefined) this.problems.resolved(signal);
        else
          this.problems.report(
            signal,
            `${signal} could not be exported: ${messageOf(result.error)}; the server tries again with the next ones`,
            { code: 'TELEMETRY_EXPORT' },
          );
        done(result);
      });
    exporter.export = watching;
    return exporter;
  }
}

interface OtlpExporter {
  export(items: never, done: (result: { code: number; error?: Error }) => void): void;
}

type Resource = ReturnType<typeof import('@opentelemetry/resources').resourceFromAttributes>;
type TelemetryPackages = Awaited<ReturnType<typeof loadTelemetryPackages>>;

const METRIC_EXPORTERS = {
  protobuf: () => import('@opentelemetry/exporter-metrics-otlp-proto'),
  json: () => import('@opentelemetry/exporter-metrics-otlp-http'),
};
const TRACE_EXPORTERS = {
  protobuf: () => import('@opentelemetry/exporter-trace-otlp-proto'),
  json: () => import('@opentelemetry/exporter-trace-otlp-http'),
};

async function loadTelemetryPackages({ metrics, traces }: TelemetrySettings) {
  const names: OptionalPackage[] = ['@opentelemetry/api', '@opentelemetry/resources'];
  if (metrics !== undefined)
    names.push('@opentelemetry/sdk-metrics', `@opentelemetry/exporter-metrics-otlp-${suffix(metrics)}`);
  if (traces !== undefined)
    names.push('@opentelemetry/sdk-trace-base', `@opentelemetry/exporter-trace-otlp-${suffix(traces)}`);
  const load = async () => ({
    resources: await import('@opentelemetry/resources'),
    metrics: metrics && {
      sdk: await import('@opentelemetry/sdk-metrics'),
      exporter: (await METRIC_EXPORTERS[metrics]()).OTLPMetricExporter,
    },
    traces: traces && {
      sdk: await import('@opentelemetry/sdk-trace-base'),
      exporter: (await TRACE_EXPORTERS[traces]()).OTLPTraceExporter,
    },
  });
  return loadPackages(
    names,
    load,
    (problem, cause) =>
      new TelemetryError('TELEMETRY_PACKAGE_MISSING', `OpenTelemetry needs packages ${problem}`, { cause }),
  );
}

function suffix(encoding: OtlpEncoding): 'proto' | 'http' {
  return encoding === 'protobuf' ? 'proto' : 'http';
}
