import { Injectable, Module } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import { type Counter, Gauge, register } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsListener } from '../src/metrics/metrics-listener.js';
import {
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
  type Report,
} from '../src/public-api.js';
import { samplesOf } from './support/metrics.js';
import { TestSystem } from '../src/testing/test-system.js';

const PREFIX = 'certstreamservergo_';
const never = () => new Promise<never>(() => undefined);
const fail = (): never => {
  throw new Error('out of order');
};

/** A metric as a module in plain JavaScript may contribute it. */
const asynchronous: unknown = () => Promise.reject(new Error('async'));

const gauge = (name: string, read: (report: Report) => void): MetricDefinition => ({
  type: 'gauge',
  name,
  help: 'Of a guest.',
  labels: ['word'],
  read,
});

@MetricSource()
class Guest implements MetricContribution {
  sightings = 3;

  metrics(): MetricDefinition[] {
    return [
      {
        type: 'counter',
        name: 'guest_sightings_total',
        help: 'Seen.',
        read: (report) => report(this.sightings),
      },
      gauge('guest_words', (report) => {
        report(1, { word: 'a"b' });
        report(2, { word: 'c' });
        report(2, { word: 'c' });
      }),
      {
        type: 'histogram',
        name: 'guest_seconds',
        help: 'Taken.',
        read: (report) => {
          report(1, { le: '+Inf' }, 'bucket');
          report(5, {}, 'sum');
          report(1, {}, 'count');
        },
      },
    ];
  }
}

@MetricSource()
class BrokenReads implements MetricContribution {
  metrics(): MetricDefinition[] {
    return [
      gauge('broken_half', (report) => {
        report(1, { word: 'first' });
        fail();
      }),
      gauge('broken_label', (report) => report(1, { other: 'x' })),
      gauge('broken_value', (report) => report('1' as never)),
      gauge('broken_async', asynchronous as never),
      gauge('broken_not', (report) => report(1)),
    ];
  }
}

@MetricSource()
class BrokenAtStart implements MetricContribution {
  metrics = fail;
}

@MetricSource()
class Nameless implements MetricContribution {
  metrics = () => [gauge('not a name', (report) => report(1))];
}

@MetricSource()
class Clashing implements MetricContribution {
  metrics = () => [gauge('build_info', (report) => report(9)), gauge('clashing_not', (report) => report(1))];
}

@Injectable()
class Jobs {
  constructor(@InjectMetric('guest_jobs_total') readonly counter: Counter) {}
}

/** A module of another project with a class and with metrics of `@willsoto/nestjs-prometheus`. */
@Module({
  providers: [
    Guest,
    Jobs,
    makeCounterProvider({ name: 'guest_jobs_total', help: 'Jobs.' }),
    makeHistogramProvider({ name: 'guest_job_seconds', help: 'Time.', buckets: [1] }),
  ],
})
class GuestModule {}

@Module({
  providers: [
    BrokenReads,
    BrokenAtStart,
    Nameless,
    Clashing,
    makeCounterProvider({ name: `${PREFIX}clients_total`, help: 'A name of ours.' }),
    makeGaugeProvider({ name: 'broken_collect', help: 'Throws.', collect: fail }),
    makeGaugeProvider({ name: 'hanging_collect', help: 'Hangs.', collect: never }),
  ],
})
class BrokenMetricsModule {}

const own = { prometheus: { enabled: true, listen_addr: '0.0.0.0' } };
const shared = {
  webserver: { listen_addr: '127.0.0.1', listen_port: 0 },
  prometheus: { enabled: true, listen_addr: '127.0.0.1', listen_port: 0 },
};

let system: TestSystem;

afterEach(async () => {
  await system.close();
  register.clear();
});

const get = <T>(type: new (...parameters: never[]) => T) => system.server.app.get<T>(type, { strict: false });

async function exposition(isShared: boolean): Promise<string> {
  const url = isShared ? system.server.url : `http://127.0.0.1:${get(MetricsListener).port}`;
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  return response.text();
}

const linesWith = (text: string) => system.output.filter((line) => line.includes(text));

describe.each([
  ['on their own listener', false],
  ['on the web listener', true],
] as const)('metrics of a custom module, %s', (_where, isShared) => {
  const config = isShared ? shared : own;

  it('appear with those of the server, and are read at each scrape', async () => {
    system = await TestSystem.start({ config, logs: [{ name: 'log' }], imports: [GuestModule] });
    const before = samplesOf(await exposition(isShared));
    get(Guest).sightings = 4;
    get(Jobs).counter.inc(2);
    const text = await exposition(isShared);
    const samples = samplesOf(text);
    expect([before.get('guest_sightings_total'), samples.get('guest_sightings_total')]).toEqual([3, 4]);
    expect([before.get('guest_jobs_total'), samples.get('guest_jobs_total')]).toEqual([0, 2]);
    expect(samples.get('guest_words{word="a\\"b"}')).toBe(1);
    expect(samples.get('guest_words{word="c"}')).toBe(4);
    expect(samples.get('guest_seconds_bucket{le="+Inf"}')).toBe(1);
    expect(samples.get('guest_seconds_sum')).toBe(5);
    expect(samples.get('guest_job_seconds_bucket{le="1"}')).toBe(0);
    expect(samples.get('clients_total{type="full"}')).toBe(0);
    expect(text).toContain(`# TYPE ${PREFIX}guest_sightings_total counter\n`);
    expect(text).toContain(
      '\n# HELP guest_jobs_total Jobs.\n# TYPE guest_jobs_total counter\nguest_jobs_total 2\n',
    );
    expect([...samples.keys()].filter((name) => name.startsWith('metric_source_failures'))).toEqual([]);
  });

  it('that throw, hang or have a name in use do not affect other metrics', async () => {
    system = await TestSystem.start({
      config,
      logs: [{ name: 'log' }],
      imports: [BrokenMetricsModule, GuestModule],
    });
    await exposition(isShared);
    const text = await exposition(isShared);
    const samples = samplesOf(text);
    const names = [...samples.keys()];
    expect(names.filter((name) => name.startsWith('broken') || name.startsWith('hanging'))).toEqual([
      'broken_not',
    ]);
    expect(names.filter((name) => /^(clients_total|build_info)/.test(name))).toHaveLength(4);
    expect(text.match(new RegExp(`# TYPE ${PREFIX}clients_total`, 'g'))).toHaveLength(1);
    expect(samples.get('clashing_not')).toBe(1);
    expect(samples.get('guest_sightings_total')).toBe(3);
    const failures = (source: string) => samples.get(`metric_source_failures_total{source="${source}"}`);
    // A failure during a scrape is counted after the metrics of this server were read.
    expect(failures('BrokenReads')).toBe(4);
    expect(failures('BrokenAtStart')).toBe(1);
    expect(failures('Nameless')).toBe(1);
    expect(failures('prom-client')).toBe(2);
    expect(linesWith('metrics of BrokenReads are left out: out of order')).toHaveLength(1);
    expect(linesWith('metrics of BrokenAtStart are left out: out of order')).toHaveLength(1);
    expect(linesWith('"certstreamservergo_not a name" is not a valid metric or label name')).toHaveLength(1);
    const taken = 'are left out because their names are already in use: certstreamservergo_';
    expect(linesWith(`metrics of Clashing ${taken}build_info`)).toHaveLength(1);
    expect(linesWith(`metrics of prom-client ${taken}clients_total`)).toHaveLength(1);
  });
});

describe('metrics of the default registry of prom-client', () => {
  it('have its default labels, and the format of the server when the registry has another', async () => {
    system = await TestSystem.start({ config: own, imports: [GuestModule] });
    register.setDefaultLabels({ app: 'host' });
    expect(await exposition(false)).toContain('guest_jobs_total{app="host"} 0\n');
    const { contentType } = register;
    register.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8' as never);
    try {
      const text = await exposition(false);
      expect(text).toContain('# TYPE guest_jobs_total counter\nguest_jobs_total 0\n');
    } finally {
      register.setContentType(contentType);
    }
  });

  it('that are created after the start appear, unless their name is in use', async () => {
    system = await TestSystem.start({ config: own });
    new Gauge({ name: 'late_gauge', help: 'Late.' }).set(7);
    new Gauge({ name: `${PREFIX}open_websockets`, help: 'Late.' }).set(7);
    const samples = samplesOf(await exposition(false));
    expect(samples.get('late_gauge')).toBe(7);
    expect(samples.get('open_websockets')).toBe(0);
  });
});
