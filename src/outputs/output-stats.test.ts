import { describe, expect, it } from 'vitest';
import { OutputError } from './output-error.js';
import { OutputStats } from './output-stats.js';

describe(OutputStats.name, () => {
  it('knows since when an output fails, until the next acknowledgement', () => {
    const stats = new OutputStats(3);
    stats.failed(new Error('first'), 1000);
    stats.failed(new Error('second'), 2000);
    expect(stats).toMatchObject({ failingSince: 1000, lastFailure: { message: 'second', time: 2000 } });
    stats.acknowledge(4, 3000);
    expect(stats).toMatchObject({ failingSince: 0, acknowledged: 4, lastFailure: { message: 'second' } });
  });

  it.each([
    [new OutputError('OUTPUT_REFUSED', 'no'), 'OUTPUT_REFUSED'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(new Error('x'), { code: 'a secret' }), 'OUTPUT_FAILED'],
    [Object.assign(new Error('x'), { code: 7 }), 'OUTPUT_FAILED'],
    ['text', 'OUTPUT_FAILED'],
    [undefined, 'OUTPUT_FAILED'],
  ])('gives every error a stable code: %s', (error, code) => {
    const stats = new OutputStats(0);
    stats.failed(error, 1000);
    expect(stats.lastFailure?.code).toBe(code);
  });

  it.each([
    ['POST https://hooks.example/T0/B1/secret?key=x: status 500', 'POST https://hooks.example status 500'],
    ['nats://me:secret@broker.example:4222 is away', 'nats://broker.example:4222 is away'],
    ['https://user@soc.example', 'https://soc.example'],
    ['two\n  lines', 'two lines'],
    ['x'.repeat(1000), `${'x'.repeat(299)}…`],
  ])('keeps one short line without the parts of a URL that may be secret: %s', (message, shown) => {
    const stats = new OutputStats(0);
    stats.failed(new Error(message), 1000);
    expect(stats.lastFailure?.message).toBe(shown);
  });
});
