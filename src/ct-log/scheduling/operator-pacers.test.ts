import { describe, expect, it } from 'vitest';
import { flightShare } from '../../../test/support/flight-share.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { configSchema } from '../../config/config-schema.js';
import type { CtLog } from '../client/ct-log.js';
import type { CtHttp } from '../client/http/ct-http.js';
import { OperatorPacers } from './operator-pacers.js';

/** Never answers. */
class HangingHttp implements CtHttp {
  asked = 0;

  get(): Promise<never> {
    this.asked++;
    return new Promise(() => undefined);
  }

  read(): Promise<never> {
    return this.get();
  }
}

function log(url: string, operator: string, configured = false): CtLog {
  return { source: { name: url, url, operator, type: 'rfc6962' }, configured };
}

function pacers(options: object = {}): OperatorPacers {
  return new OperatorPacers(configSchema.parse({ ct_log: options }).ct_log, new VirtualClock());
}

describe('OperatorPacers', () => {
  it('has one pacer for all logs of an operator, and for configured logs one per host', () => {
    const all = pacers();
    const one = all.of(log('https://a.example/1', 'Op'));
    expect(all.of(log('https://b.example/2', 'Op'))).toBe(one);
    expect(all.of(log('https://a.example/1', 'Other'))).not.toBe(one);
    const configured = all.of(log('https://a.example/1', 'Op', true));
    expect(configured).not.toBe(one);
    expect(all.of(log('https://a.example/2', 'Unknown', true))).toBe(configured);
  });

  it('keeps a quarter of the connections to a host for tree heads', async () => {
    const all = pacers({ max_connections_per_origin: 16, max_parallel_requests: 64 });
    const asked: number[] = [];
    for (let n = 0; n < 5; n++) {
      const http = new HangingHttp();
      const paced = all.http(log(`https://a.example/${n}`, `Op ${n}`), http, flightShare());
      for (let request = 0; request < 9; request++) void paced.get('entries');
      await new Promise((resolve) => setImmediate(resolve));
      asked.push(http.asked);
    }
    expect(asked).toEqual([6, 3, 2, 1, 1]);
    const elsewhere = new HangingHttp();
    void all.http(log('https://b.example/', 'Op'), elsewhere, flightShare()).get('entries');
    await new Promise((resolve) => setImmediate(resolve));
    expect(elsewhere.asked).toBe(1);
  });

  it('asks for one thing at a time where there are only two connections', async () => {
    const http = new HangingHttp();
    const paced = pacers({ max_connections_per_origin: 2 }).http(
      log('https://a.example/', 'Op'),
      http,
      flightShare(),
    );
    for (let request = 0; request < 3; request++) void paced.get('entries');
    await new Promise((resolve) => setImmediate(resolve));
    expect(http.asked).toBe(1);
  });
});
