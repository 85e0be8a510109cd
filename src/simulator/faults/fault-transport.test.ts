import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, PAGE, STH } from '../testing/log-fixture.js';

let fixture: LogFixture;
beforeEach(async () => {
  fixture = await LogFixture.start();
});
afterEach(() => fixture.simulator.close());

describe('faults of the connection', () => {
  it('stall: a part of the body, and the rest after release', async () => {
    const fault = fixture.log.faults.add({ endpoint: 'get-sth', kind: 'stall', afterBytes: 10 });
    const outgoing = request(fixture.log.url + STH).end();
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
    const [first] = (await once(message, 'data')) as [Buffer];
    expect(first).toHaveLength(10);
    fault.release();
    const [rest] = (await once(message, 'data')) as [Buffer];
    expect(JSON.parse(Buffer.concat([first, rest]).toString())).toMatchObject({ tree_size: 20 });
    expect((await fixture.get(STH)).error).toBeUndefined();
  });

  it('reset: before the answer', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'reset' });
    await expect(fixture.get(STH)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('reset and disconnect: in the middle of the body', async () => {
    fixture.log.faults.add({ endpoint: 'get-entries', kind: 'reset', afterBytes: 100, times: 1 });
    expect((await fixture.get(PAGE)).error).toMatchObject({ code: 'ECONNRESET' });
    fixture.log.faults.add({ endpoint: 'get-entries', kind: 'disconnect', afterBytes: 100 });
    const { body, error } = await fixture.get(PAGE);
    expect(body).toHaveLength(100);
    expect(error).toBeInstanceOf(Error);
  });

  it('delay: the whole answer, later', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'delay', ms: 5 });
    expect((await fixture.get(STH)).status).toBe(200);
  });

  it('slow-loris: small pieces, complete in the end', async () => {
    const whole = (await fixture.get(STH)).body;
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'slow-loris', intervalMs: 1, bytes: 20 });
    const outgoing = request(fixture.log.url + STH).end();
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks = (await message.toArray()) as Buffer[];
    expect(chunks.length).toBeGreaterThan(1);
    expect(Buffer.concat(chunks)).toEqual(whole);
  });

  it.each([
    [50, true],
    [-50, false],
  ])('content-length: wrong by %i', async (delta, isCut) => {
    const whole = (await fixture.get(STH)).body;
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'content-length', delta });
    const { headers, body, error } = await fixture.get(STH);
    expect(headers['content-length']).toBe(String(whole.length + delta));
    expect(body).toHaveLength(whole.length + Math.min(0, delta));
    expect(error !== undefined).toBe(isCut);
  });

  it('gzip-bomb: small on the wire, large inflated', async () => {
    fixture.log.faults.add({ endpoint: 'tile-data', kind: 'gzip-bomb', bytes: 64 << 20 });
    const { headers, body } = await fixture.get('tile/data/000.p/20');
    expect(headers['content-encoding']).toBe('gzip');
    expect(body.length).toBeLessThan(1 << 20);
    let inflated = 0;
    const gunzip = createGunzip();
    gunzip.end(body);
    for await (const chunk of gunzip) inflated += (chunk as Buffer).length;
    expect(inflated).toBe(64 << 20);
  });

  it.each([true, false])('huge-body: declared %s', async (declareLength) => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'huge-body', bytes: 5_000_000, declareLength });
    const { headers, body } = await fixture.get(STH);
    expect(headers['content-length']).toBe(declareLength ? '5000000' : undefined);
    expect(body).toHaveLength(5_000_000);
  });
});
