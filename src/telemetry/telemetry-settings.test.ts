import { expect, it } from 'vitest';
import { telemetrySettings } from './telemetry-settings.js';

const ADDRESS = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

it.each([
  ['without variables', {}, undefined],
  ['with other variables', { OTEL_SERVICE_NAME: 'x', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, undefined],
  ['with an empty address', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
  ['when the SDK is disabled', { ...ADDRESS, OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  ['with an address', ADDRESS, { metrics: 'protobuf', traces: 'protobuf' }],
  [
    'with an exporter and no address',
    { OTEL_METRICS_EXPORTER: 'otlp' },
    { metrics: 'protobuf', traces: undefined },
  ],
  [
    'with the address of one signal',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector/traces' },
    { metrics: undefined, traces: 'protobuf' },
  ],
  [
    'without traces',
    { ...ADDRESS, OTEL_TRACES_EXPORTER: 'none' },
    { metrics: 'protobuf', traces: undefined },
  ],
  [
    'with a protocol for one signal',
    {
      ...ADDRESS,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    },
    { metrics: 'json', traces: 'protobuf' },
  ],
])('%s', (_title, environment, expected) => {
  const settings = telemetrySettings(environment);
  expect(settings && { metrics: settings.metrics, traces: settings.traces }).toEqual(expected);
});

it('reads the times of the export of metrics; an export ends before the next begins', () => {
  const times = (environment: object) => {
    const settings = telemetrySettings({ ...ADDRESS, ...environment });
    return [settings?.metricInterval, settings?.metricTimeout];
  };
  expect(times({})).toEqual([60_000, 30_000]);
  expect(times({ OTEL_METRIC_EXPORT_INTERVAL: '500', OTEL_METRIC_EXPORT_TIMEOUT: '' })).toEqual([500, 500]);
});

it.each([
  [{ OTEL_METRICS_EXPORTER: 'prometheus' }, 'OTEL_METRICS_EXPORTER is "prometheus"; use otlp or none'],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; use http/protobuf or http/json',
  ],
  [
    { OTEL_METRIC_EXPORT_INTERVAL: '1s' },
    'OTEL_METRIC_EXPORT_INTERVAL is "1s"; use a number of milliseconds',
  ],
])('refuses %o', (environment, message) => {
  expect(() => telemetrySettings({ ...ADDRESS, ...environment })).toThrow(
    expect.objectContaining({
      code: 'TELEMETRY_SETTING',
      message: `the environment variable ${message}`,
    }) as Error,
  );
});
