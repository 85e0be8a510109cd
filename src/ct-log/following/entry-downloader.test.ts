import { describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { logRequests } from '../../../test/support/log-requests.js';
import { range } from '../../../test/support/range.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { EntryDownloader } from './entry-downloader.js';

const PAGE = 32;
const MIB = 1024 * 1024;
const treeSize = 3200;
const head = { treeSize, timestamp: 0, rootHash: Buffer.alloc(32), signed: Buffer.alloc(0) };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A downloader with at most four requests under way. Later requests wait until a test answers them. */
async function setup(maxBatch = 1000) {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock, PAGE);
  const delivered: number[] = [];
  const delivery = {
    wantedIndex: 0,
    onHead: () => Promise.resolve(),
    skipTo: () => Promise.resolve(),
    deliver: ({ firstIndex, count }: EntryBatch) => {
      delivered.push(...range(firstIndex, firstIndex + count));
      delivery.wantedIndex = firstIndex + count;
      return Promise.resolve();
    },
  };
  const requests = logRequests({ clock });
  const options = { client, requests, delivery, maxBatch, maxParallel: 4, rereadsPages: false };
  const downloader = new EntryDownloader(options, new AbortController().signal);
  const step = (): Promise<void> => downloader.step(head, true);
  while (delivery.wantedIndex < 20 * PAGE) await step();
  const begin = delivery.wantedIndex;
  const open = new Map<number, (batch: EntryBatch) => void>();
  client.getEntries = (start) => new Promise((resolve) => open.set(start, resolve));
  downloader.restart();
  const stepped = step();
  await turn();
  /** The pages that are under way after the first one, each with its place in the order. */
  const answer = async (page: number, { count = PAGE, bytes = 0 } = {}): Promise<void> => {
    const start = begin + page * PAGE;
    open.get(start)?.({ ...fakeEntries(start, count), bytes: Buffer.alloc(bytes) });
    open.delete(start);
    await turn();
  };
  const waiting = (): number[] => [...open.keys()].map((start) => (start - begin) / PAGE);
  return { begin, open, delivery, delivered, step, stepped, answer, waiting, requests, downloader };
}

describe('EntryDownloader', () => {
  it('delivers ranges in index order, whatever the order of their answers', async () => {
    const { begin, delivered, step, stepped, answer, waiting } = await setup();
    expect(waiting()).toEqual([0, 1, 2, 3]);
    await answer(2);
    await answer(1);
    expect(delivered).toEqual(range(0, begin));
    await answer(0);
    await stepped;
    await step();
    await step();
    expect(delivered).toEqual(range(0, begin + 3 * PAGE));
  });

  it('requests later ranges while the first one is slow, up to twice the number of concurrent requests', async () => {
    const { answer, waiting } = await setup();
    for (let page = 1; page < 12; page++) await answer(page);
    expect(waiting()).toEqual([0]);
    await answer(0);
  });

  it.each([
    ['entries', 4 * PAGE, 0, [0]],
    ['bytes that have arrived', 1000, 17 * MIB, [0]],
    ['neither', 1000, 1, [0, 4, 5, 6]],
  ])('is bounded by %s', async (_what, maxBatch, bytes, expected) => {
    const { answer, waiting } = await setup(maxBatch);
    for (let page = 1; page < 4; page++) await answer(page, { bytes });
    expect(waiting()).toEqual(expected);
  });

  it('accepts a single range of any size', async () => {
    const { begin, delivered, stepped, answer } = await setup();
    await answer(0, { bytes: 20 * MIB });
    await stepped;
    expect(delivered).toEqual(range(0, begin + PAGE));
  });

  it('keeps the place of a short answer until the range is complete', async () => {
    const { begin, open, delivered, step, stepped, answer } = await setup();
    await answer(1);
    await answer(0, { count: 20 });
    await stepped;
    const next = step();
    await turn();
    expect(delivered).toEqual(range(0, begin + 20));
    open.get(begin + 20)?.(fakeEntries(begin + 20, PAGE - 20));
    await next;
    await step();
    expect(delivered).toEqual(range(0, begin + 2 * PAGE));
  });

  it('ignores the answers to ranges that it dropped', async () => {
    const { begin, open, delivery, delivered, step, stepped, answer, requests, downloader } = await setup();
    const deliver = delivery.deliver;
    delivery.deliver = async (batch) => {
      await deliver(batch);
      delivery.deliver = deliver;
      delivery.wantedIndex = begin - PAGE;
    };
    const dropped = open.get(begin + PAGE);
    await answer(0);
    await stepped;
    const next = step();
    await turn();
    dropped?.(fakeEntries(begin + PAGE, PAGE));
    await answer(-1);
    await next;
    expect(delivered.slice(begin)).toEqual([...range(begin, begin + PAGE), ...range(begin - PAGE, begin)]);
    downloader.restart();
    await turn();
    expect(requests.used).toEqual({ entries: 0, bytes: 0 });
  });
});
