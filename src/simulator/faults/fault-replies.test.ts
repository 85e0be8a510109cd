import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, PAGE, STH } from '../testing/log-fixture.js';

let fixture: LogFixture;
beforeEach(async () => {
  fixture = await LogFixture.start();
});
afterEach(() => fixture.simulator.close());

describe('faults of the answer', () => {
  it('status: 429 with Retry-After in seconds, as a date, and without', async () => {
    const once429 = { endpoint: 'get-sth', kind: 'status', status: 429, times: 1 } as const;
    fixture.log.faults.add({ ...once429, retryAfter: 7 });
    expect((await fixture.get(STH)).headers['retry-after']).toBe('7');
    fixture.log.faults.add({ ...once429, retryAfter: { dateIn: 60 } });
    const { status, headers } = await fixture.get(STH);
    expect(status).toBe(429);
    expect(headers['retry-after']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    expect(Date.parse(headers['retry-after'] ?? '')).toBeGreaterThan(Date.now() + 30_000);
    fixture.log.faults.add(once429);
    expect((await fixture.get(STH)).headers['retry-after']).toBeUndefined();
  });

  it('rate-limit: 429 above the burst', async () => {
    fixture.log.faults.add({ endpoint: '*', kind: 'rate-limit', perSecond: 1e-6, burst: 2, retryAfter: 1 });
    const answers = [await fixture.get(STH), await fixture.get(STH), await fixture.get(STH)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  });

  it('html: status 200', async () => {
    fixture.log.faults.add({ endpoint: 'get-entries', kind: 'html' });
    const { status, headers, body } = await fixture.get(PAGE);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body.toString()).toContain('<html>');
  });

  it('redirect', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'redirect', location: 'http://127.0.0.1:1/' });
    expect(await fixture.get(STH)).toMatchObject({
      status: 302,
      headers: { location: 'http://127.0.0.1:1/' },
    });
  });

  it('truncate: complete HTTP, incomplete JSON', async () => {
    const whole = (await fixture.get(PAGE)).body;
    fixture.log.faults.add({ endpoint: 'get-entries', kind: 'truncate', bytes: 1000 });
    const { body, error } = await fixture.get(PAGE);
    expect(error).toBeUndefined();
    expect(body).toEqual(whole.subarray(0, 1000));
  });

  it('flip-byte', async () => {
    const whole = (await fixture.get('tile/0/000.p/20')).body;
    fixture.log.faults.add({ endpoint: 'tile-hash', kind: 'flip-byte', offset: 3 });
    const { body } = await fixture.get('tile/0/000.p/20');
    expect([...body].filter((byte, i) => byte !== whole[i])).toHaveLength(1);
  });

  it('missing-partial: 404 for partial tiles only', async () => {
    fixture.log.append(256);
    fixture.log.publish();
    fixture.log.faults.add({ endpoint: ['tile-data', 'tile-hash'], kind: 'missing-partial' });
    const paths = ['tile/data/001.p/20', 'tile/0/001.p/20', 'tile/data/000', 'tile/0/000'];
    const answers = await Promise.all(paths.map((path) => fixture.get(path)));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 200, 200]);
  });

  it('custom hooks', async () => {
    const reply = { status: 418, headers: {}, body: Buffer.from('tea') };
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'custom', hooks: { reply: () => reply } });
    expect(await fixture.get(STH)).toMatchObject({ status: 418, body: Buffer.from('tea') });
  });
});
