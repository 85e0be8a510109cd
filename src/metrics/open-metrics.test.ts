import { describe, expect, it } from 'vitest';
import { openMetrics, prefersOpenMetrics } from './open-metrics.js';

const sample = (value: number, labels = {}, metricName?: string) => ({ value, labels, metricName });

describe(openMetrics.name, () => {
  it('names the family of a counter without _total, and a unit where the name has one', () => {
    const metrics = [
      {
        name: 'sent_bytes_total',
        help: 'Bytes "sent".\nAll.',
        type: 'counter',
        values: [sample(3, { a: 'x"\\\n' })],
      },
      { name: 'age_seconds', help: 'Age.', type: 'gauge', values: [sample(Number.NaN)] },
    ];
    expect(openMetrics(metrics)).toBe(
      [
        '# TYPE sent_bytes counter',
        '# UNIT sent_bytes bytes',
        '# HELP sent_bytes Bytes \\"sent\\".\\nAll.',
        'sent_bytes_total{a="x\\"\\\\\\n"} 3',
        '# TYPE age_seconds gauge',
        '# UNIT age_seconds seconds',
        '# HELP age_seconds Age.',
        'age_seconds NaN',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  it('keeps the names of samples: a counter without _total, or with the name of another family, has no known type', () => {
    const metrics = [
      { name: 'jobs', help: 'J.', type: 'counter', values: [sample(1)] },
      { name: 'runs', help: 'R.', type: 'gauge', values: [sample(2)] },
      { name: 'runs_total', help: 'R.', type: 'counter', values: [sample(3)] },
    ];
    const lines = openMetrics(metrics).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['# TYPE jobs unknown', 'jobs 1', '# TYPE runs_total unknown', 'runs_total 3']),
    );
  });

  it('writes the bounds of buckets as numbers with a decimal point', () => {
    const values = [
      sample(1, { le: 1 }, 'd_bucket'),
      sample(2, { le: '2.5' }, 'd_bucket'),
      sample(2, { le: '+Inf' }, 'd_bucket'),
      sample(Number.POSITIVE_INFINITY, {}, 'd_sum'),
      sample(2, {}, 'd_count'),
    ];
    expect(
      openMetrics([{ name: 'd', help: 'D.', type: 'histogram', values }])
        .split('\n')
        .slice(2),
    ).toEqual([
      'd_bucket{le="1.0"} 1',
      'd_bucket{le="2.5"} 2',
      'd_bucket{le="+Inf"} 2',
      'd_sum +Inf',
      'd_count 2',
      '# EOF',
      '',
    ]);
  });
});

it.each([
  [undefined, false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', true],
  ['application/openmetrics-text; version=0.0.1', false],
  ['application/openmetrics-text; q=0', false],
  ['application/openmetrics-text; q=0.4, text/plain; q=0.5', false],
  // What Prometheus 2 and 3 send.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    true,
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    true,
  ],
])('Accept: %s asks for OpenMetrics: %s', (accept, expected) => {
  expect(prefersOpenMetrics(accept)).toBe(expected);
});
