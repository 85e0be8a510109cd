import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { MetricsRegistry } from '../../src/metrics/metrics-registry.js';
import { startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { OtlpReceiver, valuesOf } from '../support/otlp-receiver.js';

const PREFIX = 'certstreamservergo_';
const INITIAL = 20;

function environment(variables: Readonly<Record<string, string>>): void {
  const all = { OTEL_METRIC_EXPORT_INTERVAL: '300', OTEL_BSP_SCHEDULE_DELAY: '100', ...variables };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
}
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Prepares a log and a server with an output, and without metrics for Prometheus. */
async function prepare(): Promise<TestSystem> {
  const system: TestSystem = await TestSystem.prepare({
    logs: [{ name: 'a', initialEntries: INITIAL }],
    config: () => ({ outputs: [{ name: 'archive', type: 'file', path: join(system.folder, 'files') }] }),
  });
  onTestFinished(() => system.close());
  return system;
}

async function start(system: TestSystem): Promise<void> {
  await system.startServer();
  await system.following();
  const [log] = system.simulator.logs;
  log.append(30);
  log.publish();
}

it('a collector gets all metrics, and spans of fetches, verification and deliveries', async () => {
  const collector = await OtlpReceiver.start();
  onTestFinished(() => collector.stop());
  environment({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ct',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  const system = await prepare();
  await start(system);
  const point = (name: string) => {
    const { sum, gauge, histogram } = collector.metrics.get(`${PREFIX}${name}`) ?? {};
    return (sum ?? gauge ?? histogram)?.dataPoints[0];
  };
  const acknowledged = () => point('output_acknowledged_entries_total')?.asDouble;
  await system.eventually(() => acknowledged() === 30, 'the metrics of all entries');
  const isPresent = (name: string) => collector.spans.some((span) => span.name === name);
  await system.eventually(
    () => ['certstream.fetch', 'certstream.verify', 'certstream.deliver'].every(isPresent),
    'spans of each kind',
  );

  expect(collector.headers.every((headers) => headers['x-tenant'] === 'ct')).toBe(true);
  expect(collector.resource).toMatchObject({
    'service.name': 'certstream-server-nest',
    'deployment.environment.name': 'test',
  });
  const differences = async (): Promise<string[]> => {
    const values = await system.server.app.get(MetricsRegistry, { strict: false }).collect();
    const own = new Set(values.filter(({ values: samples }) => samples.length > 0).map(({ name }) => name));
    const exported = [...collector.metrics.keys()];
    return [
      ...exported.filter((name) => !own.has(name)),
      ...[...own].filter((name) => !collector.metrics.has(name)),
    ];
  };
  await expect.poll(differences).toEqual([]);

  const certificates = collector.metrics.get(`${PREFIX}certs_by_log_total`);
  expect(certificates?.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 });
  expect(valuesOf(certificates?.sum?.dataPoints[0].attributes ?? [])).toMatchObject({
    operator: expect.any(String) as string,
    url: system.simulator.logs[0].url.replace(/^https?:\/\/|\/$/g, ''),
  });
  const delay = collector.metrics.get(`${PREFIX}head_to_stream_seconds`);
  const points = delay?.histogram?.dataPoints ?? [];
  const [rfc6962] = points.filter(({ attributes }) => valuesOf(attributes)['type'] === 'rfc6962');
  expect([delay?.unit, Number(rfc6962.count)]).toEqual(['s', 30]);
  expect(rfc6962.bucketCounts).toHaveLength((rfc6962.explicitBounds?.length ?? 0) + 1);
  expect(rfc6962.bucketCounts?.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(30);

  const [fetched] = collector.spans.filter(({ name }) => name === 'certstream.fetch');
  expect(valuesOf(fetched.attributes)).toMatchObject({
    'certstream.log': system.simulator.logs[0].url.replace(/\/$/, ''),
    'certstream.index': String(INITIAL),
  });
  const [delivered] = collector.spans.filter(({ name }) => name === 'certstream.deliver');
  expect(valuesOf(delivered.attributes)).toMatchObject({ 'certstream.output': 'archive' });
});

it('a collector that does not answer is logged once for each signal and disturbs nothing', async () => {
  environment({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` });
  const system = await prepare();
  await start(system);
  const failures = () => system.output.filter((line) => line.includes('could not be exported'));
  await system.eventually(() => failures().length === 2, 'a failure of each signal');
  const { counters } = system.followed(system.simulator.logs[0])!;
  await system.eventually(() => counters.entries === 30, 'all entries');
  await system.server.stop();
  expect(failures()).toHaveLength(2);
});

it.each([
  [
    'a package is missing',
    {},
    /^OpenTelemetry needs packages that are not installed; run: npm install @opentelemetry\/api@/,
  ],
  [
    'a value is not supported',
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; use http/,
  ],
])('the start ends with one line if %s', async (_title, variables, line) => {
  const system = await prepare();
  const hook = join(system.folder, 'hook.mjs');
  // Node finds no package of OpenTelemetry.
  const resolve = `export async function resolve(name, context, next) {
    if (name.startsWith('@opentelemetry/')) throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  }`;
  const source = `data:text/javascript,${encodeURIComponent(resolve)}`;
  writeFileSync(hook, `import { register } from 'node:module'; register(${JSON.stringify(source)});`);
  const cli = startCli(['serve', '-c', system.configFile(await freePort())], {
    cwd: system.folder,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', ...variables },
    node: ['--import', hook],
  });
  const { code, err } = await cli.ended;
  expect([code, err.trim().split('\n')]).toEqual([2, [expect.stringMatching(line)]]);
});
