import { describe, expect, it } from 'vitest';
import { HeldHttp } from '../../../test/support/held-http.js';
import { requestScheduler } from '../../../test/support/log-requests.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { configSchema } from '../../config/config-schema.js';
import type { CtLog } from '../client/ct-log.js';
import { LogRequests } from './log-requests.js';
import { RequestScheduler } from './request-scheduler.js';

function log(url: string, operator: string, configured = false): CtLog {
  return { source: { name: url, url, operator, type: 'rfc6962' }, configured };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe(RequestScheduler.name, () => {
  it('keeps no timer when the last waiting request is aborted', async () => {
    const timers = new Set<number>();
    class CountedClock extends VirtualClock {
      override after(ms: number, callback: () => void): () => void {
        timers.add(ms);
        const cancel = super.after(ms, callback);
        return () => {
          timers.delete(ms);
          cancel();
        };
      }
    }
    const scheduler = requestScheduler(new CountedClock());
    const quiet = { ...scheduler.log('operator', 'host'), quietUntil: 600_000 };
    const controller = new AbortController();
    const admitted = scheduler.admit({ log: quiet, urgency: () => 'head' }, controller.signal);
    expect([...timers]).toEqual([600_000]);
    controller.abort();
    expect(await admitted).toBeUndefined();
    expect(timers.size).toBe(0);
  });
});

describe(`${RequestScheduler.name}, as configured`, () => {
  const setup = (ct_log: object) => {
    const config = configSchema.parse({ ct_log });
    const clock = new VirtualClock();
    const scheduler = RequestScheduler.fromConfig(config, clock);
    return (ctLog: CtLog) => {
      const held = new HeldHttp();
      return { held, http: LogRequests.of(ctLog, held, config.ct_log, { scheduler, clock }) };
    };
  };
  const asked = async (
    { held, http }: { readonly held: HeldHttp; readonly http: LogRequests },
    count: number,
  ): Promise<number> => {
    for (let n = 0; n < count; n++) void http.get(`${n}`);
    await settled();
    return held.asked.size;
  };

  it('has one pace for all logs of an operator, and for configured logs one per host', async () => {
    const add = setup({ max_connections_per_origin: 64, max_parallel_requests: 64 });
    const one = add(log('https://a.example/1', 'Op'));
    expect(await asked(one, 8)).toBe(8);
    // The first ten are sent at once.
    expect(await asked(add(log('https://b.example/2', 'Op')), 8)).toBe(2);
    expect(await asked(add(log('https://a.example/1', 'Other')), 8)).toBe(8);
    expect(await asked(add(log('https://a.example/1', 'Op', true)), 8)).toBe(8);
    expect(await asked(add(log('https://a.example/2', 'Unknown', true)), 8)).toBe(2);
  });

  it('keeps a quarter of the connections to a host for tree heads', async () => {
    const add = setup({ max_connections_per_origin: 16, max_parallel_requests: 64 });
    const counts: number[] = [];
    for (let n = 0; n < 5; n++) counts.push(await asked(add(log(`https://a.example/${n}`, `Op ${n}`)), 9));
    expect(counts).toEqual([6, 3, 2, 1, 1]);
    expect(await asked(add(log('https://b.example/', 'Op')), 1)).toBe(1);
  });

  it('sends one request at a time if there are only two connections', async () => {
    const add = setup({ max_connections_per_origin: 2 });
    expect(await asked(add(log('https://a.example/', 'Op')), 3)).toBe(1);
  });
});
