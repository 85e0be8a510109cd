import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ProcessMeter } from './process-meter.js';

describe(ProcessMeter, () => {
  it('measures garbage collection and the delay of the event loop only between observe and rest', async () => {
    const meter = new ProcessMeter();
    expect([meter.totals.gcMs, meter.loopDelay]).toEqual([undefined, undefined]);
    meter.observe();
    meter.observe();
    expect(meter.totals.gcMs).toBe(0);
    while (meter.totals.gcMs === 0 || meter.loopDelay === undefined) {
      const garbage = Array.from({ length: 50_000 }, (_, i) => ({ i }));
      await pause(garbage.length > 0 ? 1 : 2);
    }
    meter.turn();
    expect(meter.loopDelay).toEqual({ p50: expect.any(Number) as number, p99: expect.any(Number) as number });
    expect(meter.totals.cpuMs).toBeGreaterThan(0);
    meter.rest();
    meter.rest();
    meter.turn();
    expect([meter.totals.gcMs, meter.loopDelay]).toEqual([undefined, undefined]);
  });
});
