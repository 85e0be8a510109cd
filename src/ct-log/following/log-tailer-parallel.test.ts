import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import { logRequests, requestScheduler } from '../../../test/support/log-requests.js';
import { OperatorPace } from '../scheduling/operator-pace.js';

afterEach(stopTailers);

/** A log with a backlog. Its answers arrive out of order. */
function behind(clock: VirtualClock, pageSize = 32, size = 3200): FakeCtLog {
  const client = new FakeCtLog(clock, pageSize);
  client.size = () => size;
  client.latency = (start) => 20 + (((start / pageSize) * 7919) % 181);
  return client;
}

describe('LogTailer with a large backlog', () => {
  it('requests several pages at a time and delivers them in order', async () => {
    const clock = new VirtualClock();
    const client = behind(clock);
    const { published, stats } = follow(client, clock, { start: 5, maxParallel: 4 });
    await clock.runUntil(60_000);
    expect(published).toEqual(range(5, 3200));
    expect(client.mostAtOnce).toBe(4);
    expect(stats.state).toBe('following');
    // Every request is for one aligned page, once; except the first request and the probes for larger pages.
    expect(new Set(client.requests.map(([start]) => start)).size).toBe(client.requests.length);
    expect(
      client.requests.filter(([start, end]) => start % 32 !== 0 || end - start !== 32).length,
    ).toBeLessThan(6);
  });

  it('sends one request at a time when it keeps up', async () => {
    const clock = new VirtualClock();
    const client = behind(clock);
    client.size = (time) => Math.floor(time / 100);
    const { published } = follow(client, clock, { start: 0, maxParallel: 4 });
    await clock.runUntil(120_000);
    expect(published.length).toBeGreaterThan(1100);
    expect(client.mostAtOnce).toBe(1);
  });

  it('requests the rest of a short answer before it delivers later entries', async () => {
    const clock = new VirtualClock();
    const client = behind(clock);
    let served = 0;
    client.answer = (start, end) =>
      fakeEntries(start, ++served % 5 === 0 ? 1 + (served % (end - start)) : Math.min(32, end - start));
    const { published } = follow(client, clock, { start: 0, maxParallel: 4 });
    await clock.runUntil(120_000);
    expect(published).toEqual(range(0, 3200));
  });

  it('counts refusals of concurrent requests as one, and then continues as before', async () => {
    const clock = new VirtualClock();
    const client = behind(clock, 32, 32_000);
    client.latency = () => 100;
    const refusedUntil = 5000;
    client.failEntries = (time) =>
      time >= 4800 && time < refusedUntil ? new CtHttpStatusError('u', 429) : undefined;
    const { published, stats } = follow(client, clock, { start: 0, maxParallel: 4 });
    await clock.runUntil(refusedUntil);
    const before = published.length;
    client.mostAtOnce = 0;
    while (published.length < before + 5 * 32) await clock.runUntil(clock.time + 100);
    expect(client.mostAtOnce).toBe(4);
    expect(stats.errors).toEqual(new Map([['CT_RATE_LIMITED', 1]]));
    await clock.runUntil(200_000);
    expect(published).toEqual(range(0, 32_000));
  });

  it('loses and repeats no entry when some requests fail', async () => {
    const clock = new VirtualClock();
    const client = behind(clock);
    let asked = 0;
    client.failEntries = () => (++asked % 9 === 0 ? new CtHttpStatusError('u', 502) : undefined);
    const { published, stats } = follow(client, clock, { start: 0, maxParallel: 4 });
    await clock.runUntil(300_000);
    expect(published).toEqual(range(0, 3200));
    expect(stats.errors.get('CT_HTTP_STATUS')).toBeGreaterThan(5);
  });

  it('stops requesting entries while the delivery is slow', async () => {
    const clock = new VirtualClock();
    const client = behind(clock);
    const requests = logRequests({ clock });
    let isSlow = true;
    let deliver: () => void = () => undefined;
    const { delivery } = follow(client, clock, { start: 0, maxParallel: 4, maxBatch: 200, requests });
    const plain = delivery.deliver.bind(delivery);
    delivery.deliver = async (batch) => {
      if (isSlow && batch.firstIndex >= 640) await new Promise<void>((resolve) => (deliver = resolve));
      await plain(batch);
    };
    await clock.runUntil(20_000);
    const asked = client.requests.length;
    await clock.runUntil(600_000);
    expect(client.requests.length).toBe(asked);
    expect(requests.used.entries).toBeGreaterThan(32);
    expect(requests.used.entries).toBeLessThanOrEqual(200);
    isSlow = false;
    deliver();
  });

  it('goes back to the index that the delivery wants', async () => {
    const clock = new VirtualClock();
    const client = behind(clock);
    const { published, delivery } = follow(client, clock, { start: 0, maxParallel: 4 });
    const plain = delivery.deliver.bind(delivery);
    let rewinds = 0;
    delivery.deliver = async (batch) => {
      await plain(batch);
      if (batch.firstIndex >= 960 && rewinds++ === 0) await delivery.skipTo(900);
    };
    await clock.runUntil(60_000);
    const again = published.lastIndexOf(900);
    expect(published.slice(0, again)).toEqual(range(0, published[again - 1] + 1));
    expect(published.slice(again)).toEqual(range(900, 3200));
  });

  it('releases its part of the memory that all logs share', async () => {
    const clock = new VirtualClock();
    const requests = logRequests({ clock, capacity: { entries: 300, bytes: 1e9 } });
    const logs = [0, 1, 2].map(() => {
      const client = behind(clock);
      let asked = 0;
      client.failEntries = () => (++asked % 13 === 0 ? new CtHttpStatusError('u', 500) : undefined);
      return follow(client, clock, { start: 0, maxParallel: 4, requests });
    });
    await clock.runUntil(300_000);
    for (const { published } of logs) expect(published).toEqual(range(0, 3200));
    expect(requests.used).toEqual({ entries: 0, bytes: 0 });
  });

  it('releases its part of the memory that all logs share when it is stopped', async () => {
    const clock = new VirtualClock();
    const requests = logRequests({ clock });
    const { tailer } = follow(behind(clock, 32, 320_000), clock, { start: 0, maxParallel: 4, requests });
    await clock.runUntil(4000);
    expect(requests.used.entries).toBeGreaterThan(32);
    await tailer.stop();
    expect(requests.used).toEqual({ entries: 0, bytes: 0 });
  });

  it('requests one range at a time when it waits for its turn', async () => {
    const clock = new VirtualClock();
    const client = behind(clock, 32, 32_000);
    client.latency = () => 100;
    const newPace = (): OperatorPace => new OperatorPace(clock, 2);
    const requests = logRequests({ clock, scheduler: requestScheduler(clock, { newPace }) });
    const { published } = follow(client, clock, { start: 0, maxParallel: 8, requests });
    await clock.runUntil(20_000);
    expect(published.length).toBeGreaterThan(32 * 30);
    expect(client.mostAtOnce).toBe(1);
    expect(requests.used.entries).toBeLessThanOrEqual(32);
  });

  it('ends the requests for ranges after a range that keeps failing', async () => {
    const clock = new VirtualClock();
    const client = behind(clock, 32, 32_000);
    const requests = logRequests({ clock });
    client.latency = () => 50;
    const { stats } = follow(client, clock, { start: 0, maxParallel: 8, requests });
    await clock.runUntil(3000);
    client.latency = (start) => (start === stats.nextIndex ? 10 : 60_000);
    client.failEntries = () => new CtHttpStatusError('u', 500);
    while ((stats.errors.get('CT_HTTP_STATUS') ?? 0) < 2) await clock.runUntil(clock.time + 10);
    await clock.runUntil(clock.time + 10);
    expect(client.underWay).toBeLessThanOrEqual(1);
    expect(requests.used.entries).toBeLessThanOrEqual(32);
  });

  it('continues when the answers take far more memory than expected', async () => {
    const clock = new VirtualClock();
    const requests = logRequests({ clock, capacity: { entries: 10_000, bytes: 1e6 } });
    const logs = [0, 1, 2].map(() => {
      const client = behind(clock);
      let asked = 0;
      client.failEntries = () => (++asked % 7 === 0 ? new CtHttpStatusError('u', 500) : undefined);
      client.answer = (start, end) => ({
        ...fakeEntries(start, Math.min(end - start, 32)),
        bytes: Buffer.alloc(900_000),
      });
      return follow(client, clock, { start: 0, maxParallel: 4, requests });
    });
    await clock.runUntil(900_000);
    for (const { published } of logs) expect(published).toEqual(range(0, 3200));
    expect(requests.used).toEqual({ entries: 0, bytes: 0 });
  });

  it('requests pages larger than its bound in pieces of that size', async () => {
    const clock = new VirtualClock();
    const client = behind(clock, 256, 2560);
    const { published } = follow(client, clock, { start: 0, maxParallel: 4, maxBatch: 100 });
    await clock.runUntil(120_000);
    expect(published).toEqual(range(0, 2560));
    expect(client.requests.length).toBeLessThan(50);
  });
});
