import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';

afterEach(stopTailers);

const WIDTH = 256;
const MINUTE = 60_000;
/** Longer than the time that entries may wait. */
const POLL_INTERVAL_MS = 10_000;

/** Follows a log that grows evenly. Returns the time that each entry waited since the first head that covers it, and the requests. */
async function grow(rereadsPages: boolean, perSecond: number, until: number) {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock, WIDTH);
  client.size = (time) => Math.floor((time * perSecond) / 1000);
  const named: number[] = [];
  const getTreeHead = client.getTreeHead.bind(client);
  client.getTreeHead = async () => {
    const head = await getTreeHead();
    while (named.length < head.treeSize) named.push(clock.time);
    return head;
  };
  const waits: number[] = [];
  const { published } = follow(client, clock, {
    start: 0,
    rereadsPages,
    pollIntervalMs: POLL_INTERVAL_MS,
    publish: ({ timestamps }) => {
      for (const index of timestamps) waits.push(clock.time - named[index]);
      published.push(...timestamps);
    },
  });
  await clock.runUntil(until);
  expect(published).toEqual(range(0, published.length));
  expect(published.length).toBeGreaterThanOrEqual(client.size(until - 3 * POLL_INTERVAL_MS));
  return { client, waits };
}

describe.each([
  { protocol: 'RFC 6962', rereadsPages: false },
  { protocol: 'static-ct', rereadsPages: true },
])('a page or tile of a $protocol log that is not full', ({ rereadsPages }) => {
  it.each([0.05, 0.3, 1, 5, 20, 60, 100, 300])(
    'makes entries wait at most 5 s, at %d per second',
    async (perSecond) => {
      const { client, waits } = await grow(rereadsPages, perSecond, 3 * MINUTE);
      expect(Math.max(...waits)).toBeLessThanOrEqual(5000);
      expect(waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(2000);
      // One fetch every two seconds, and one per page.
      expect(client.requests.length).toBeLessThan(90 + (180 * perSecond) / WIDTH + 2);
    },
  );

  it('is not fetched again while the log does not grow', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, WIDTH);
    client.size = () => 20;
    const { published } = follow(client, clock, { start: 0, rereadsPages });
    await clock.runUntil(30 * MINUTE);
    expect(published).toEqual(range(0, 20));
    expect(client.requests).toEqual([[0, 20]]);
    expect(client.heads.length).toBeGreaterThan(100);
  });
});

describe('a tile that is soon full', () => {
  it('is fetched once, when it is full', async () => {
    const { client } = await grow(true, 300, 2 * MINUTE);
    const later = client.requests.filter(([start]) => start > 20 * WIDTH);
    expect(later.length).toBeGreaterThan(20);
    // Now and then, a request for more than a page shows whether pages have grown.
    expect(later.filter(([start, end]) => end % WIDTH !== 0 && end - start < WIDTH)).toEqual([]);
  });

  it('does not delay a log that serves parts of pages as cheaply', async () => {
    const { client } = await grow(false, 100, 2 * MINUTE);
    expect(client.requests.filter(([, end]) => end % WIDTH !== 0).length).toBeGreaterThan(20);
  });

  it('does not delay entries longer than they may wait, if it does not fill up', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, WIDTH);
    // The log grows by 100 entries per second, and stops with a tile that is nearly full.
    const last = 10 * WIDTH - 5;
    client.size = (time) => Math.min(last, Math.floor(time / 10));
    let at = 0;
    const { published } = follow(client, clock, {
      start: 0,
      rereadsPages: true,
      publish: ({ timestamps }) => {
        published.push(...timestamps);
        at = clock.time;
      },
    });
    await clock.runUntil(MINUTE);
    expect(published).toEqual(range(0, last));
    expect(at - last * 10).toBeLessThanOrEqual(7000);
  });
});
