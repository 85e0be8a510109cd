import { CertstreamError } from '../kernel/certstream-error.js';

/** OpenTelemetry is configured wrongly, or lacks a package. This ends the start. docs/errors.md explains the codes. */
export class TelemetryError extends CertstreamError {
  readonly exitCode = 2;

  constructor(
    code: 'TELEMETRY_SETTING' | 'TELEMETRY_PACKAGE_MISSING',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(code, message, options);
  }
}

/** The signals to export with OTLP over HTTP. The exporters of OpenTelemetry read addresses, headers and TLS files themselves. */
export interface TelemetrySettings {
  /** Encoding of the metrics; undefined: metrics are not exported. */
  readonly metrics: OtlpEncoding | undefined;
  /** Encoding of the spans; undefined: spans are not exported. */
  readonly traces: OtlpEncoding | undefined;
  /** Milliseconds between two exports of the metrics, and the time limit of one. */
  readonly metricInterval: number;
  readonly metricTimeout: number;
}

export type OtlpEncoding = 'protobuf' | 'json';

type Environment = Readonly<Record<string, string | undefined>>;

const ENCODINGS: ReadonlyMap<string, OtlpEncoding> = new Map([
  ['http/protobuf', 'protobuf'],
  ['http/json', 'json'],
]);

/**
 * Reads the variables of the OpenTelemetry specification ("Environment Variable Specification"; "OTLP exporter").
 * @returns undefined if nothing is to be exported: without a variable that names an address or the exporter `otlp`.
 * @throws TelemetryError (`TELEMETRY_SETTING`) for a value that this server does not support.
 */
export function telemetrySettings(environment: Environment): TelemetrySettings | undefined {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const metrics = encodingOf('METRICS', environment);
  const traces = encodingOf('TRACES', environment);
  if (metrics === undefined && traces === undefined) return undefined;
  const metricInterval = milliseconds('OTEL_METRIC_EXPORT_INTERVAL', 60_000, environment);
  const limit = milliseconds('OTEL_METRIC_EXPORT_TIMEOUT', 30_000, environment);
  return { metrics, traces, metricInterval, metricTimeout: Math.min(limit, metricInterval) };
}

function encodingOf(signal: 'METRICS' | 'TRACES', environment: Environment): OtlpEncoding | undefined {
  const name = `OTEL_${signal}_EXPORTER`;
  const hasAddress = ['OTEL_EXPORTER_OTLP_ENDPOINT', `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`].some(
    (each) => (environment[each] ?? '') !== '',
  );
  const exporter = environment[name] || (hasAddress ? 'otlp' : 'none');
  if (exporter === 'none') return undefined;
  if (exporter !== 'otlp') throw unsupported(name, exporter, 'otlp or none');
  const variable = [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL'].find(
    (each) => (environment[each] ?? '') !== '',
  );
  if (variable === undefined) return 'protobuf';
  const encoding = ENCODINGS.get(environment[variable] ?? '');
  if (encoding === undefined)
    throw unsupported(variable, environment[variable], [...ENCODINGS.keys()].join(' or '));
  return encoding;
}

function milliseconds(name: string, usual: number, environment: Environment): number {
  const text = environment[name] ?? '';
  if (text === '') return usual;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw unsupported(name, text, 'a number of milliseconds');
  return Number(text);
}

function unsupported(name: string, value: string | undefined, supported: string): TelemetryError {
  return new TelemetryError(
    'TELEMETRY_SETTING',
    `the environment variable ${name} is ${JSON.stringify(value)}; use ${supported}`,
  );
}
