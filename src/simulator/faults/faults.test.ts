import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, PAGE, STH } from '../testing/log-fixture.js';
import { FaultSet } from './faults.js';

let fixture: LogFixture;
beforeEach(async () => {
  fixture = await LogFixture.start();
});
afterEach(() => fixture.simulator.close());

describe('targets', () => {
  it('hit only their endpoint, `times` requests', async () => {
    const fault = fixture.log.faults.add({ endpoint: 'get-sth', kind: 'status', status: 500, times: 2 });
    expect((await fixture.get(PAGE)).status).toBe(200);
    expect([
      (await fixture.get(STH)).status,
      (await fixture.get(STH)).status,
      (await fixture.get(STH)).status,
    ]).toEqual([500, 500, 200]);
    expect(fault.count).toBe(2);
    expect(fixture.log.requests.list('get-sth').map(({ faults }) => faults)).toEqual([
      ['status'],
      ['status'],
      [],
    ]);
  });

  it('can hit every n-th request, use a predicate and several endpoints, and be removed', async () => {
    const everySecond = fixture.log.faults.add({ endpoint: '*', kind: 'status', status: 500, every: 2 });
    expect([
      (await fixture.get(STH)).status,
      (await fixture.get(PAGE)).status,
      (await fixture.get(STH)).status,
    ]).toEqual([500, 200, 500]);
    everySecond.remove();
    fixture.log.faults.add({
      endpoint: ['get-entries', 'checkpoint'],
      kind: 'status',
      status: 502,
      match: ({ query }) => query.get('start') === '1',
    });
    expect((await fixture.get('checkpoint')).status).toBe(200);
    expect((await fixture.get('ct/v1/get-entries?start=1&end=1')).status).toBe(502);
    fixture.log.faults.clear();
    expect((await fixture.get('ct/v1/get-entries?start=1&end=1')).status).toBe(200);
  });

  it('can hit a share of the requests', () => {
    const faults = new FaultSet();
    faults.add({ endpoint: '*', kind: 'html', probability: 0.1 });
    const incoming = {
      endpoint: 'get-sth',
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
    } as const;
    const hits = Array.from({ length: 5000 }, () => faults.take(incoming).length).filter(Boolean).length;
    expect(hits).toBeGreaterThan(400);
    expect(hits).toBeLessThan(600);
  });

  it('resolve `fired` and `firedTimes`', async () => {
    const fault = fixture.log.faults.add({ endpoint: 'get-sth', kind: 'html' });
    const twice = fault.firedTimes(2).then(() => 'twice');
    await fixture.get(STH);
    await fault.fired;
    await fixture.get(STH);
    expect(await twice).toBe('twice');
  });
});

describe('faults of the log list', () => {
  it('hit its two endpoints', async () => {
    fixture.simulator.faults.add({ endpoint: 'log-list', kind: 'status', status: 503, times: 1 });
    expect((await fetch(fixture.simulator.logListUrl)).status).toBe(503);
    expect((await fetch(fixture.simulator.logListUrl)).status).toBe(200);
    fixture.simulator.faults.add({ endpoint: 'log-list-sig', kind: 'truncate', bytes: 100 });
    expect((await (await fetch(fixture.simulator.logListSignatureUrl)).arrayBuffer()).byteLength).toBe(100);
  });
});
