import { describe, expect, it, vi } from 'vitest';
import { framesOf } from '../../../test/support/stream-clients.js';
import { fairShare, SubscriberQueue } from './subscriber-queue.js';
import { PIECE, SharedSlice } from './shared-slice.js';

type Run = readonly [log: string, firstIndex: number, count: number, size?: number];

/** Makes a slice whose texts are the log, the index and padding. */
const slice = (...runs: Run[]) =>
  new SharedSlice(
    runs.map(([logUrl, firstIndex, count, size = 0]) => ({
      logUrl,
      firstIndex,
      frames: framesOf(
        Array.from({ length: count }, (_, i) => `${logUrl} ${firstIndex + i} `.padEnd(size, '.')),
      ),
    })),
    7,
  );

/** Returns the texts of whole, unmasked frames. */
function texts(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1];
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    expect(start + length).toBeLessThanOrEqual(bytes.length);
    found.push(bytes.toString('latin1', start, start + length).replace(/ \.*$/, ''));
    at = start + length;
  }
  return found;
}

function drain(queue: SubscriberQueue): string[] {
  const all: string[] = [];
  while (queue.messages > 0) {
    const { messages, bytes } = queue;
    const taken = queue.take();
    const each = texts(taken.bytes);
    expect(each).toHaveLength(taken.count);
    expect([messages - queue.messages, bytes - queue.bytes]).toEqual([taken.count, taken.bytes.length]);
    all.push(...each);
  }
  expect(queue.bytes).toBe(0);
  return all;
}

const names = (log: string, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => `${log} ${from + i}`);

/** Shrinks the queue and checks that it drops exactly the messages that it reports. */
function shrink(queue: SubscriberQueue, messages: number, bytes = Infinity): string[] {
  const dropped: string[] = [];
  const count = queue.shrink(messages, bytes, (log, from, n) => dropped.push(...names(log, from, n)));
  expect(dropped).toHaveLength(count);
  return dropped;
}

describe(SubscriberQueue.name, () => {
  it('returns whole slices in the order of their arrival while nothing is dropped', () => {
    const queue = new SubscriberQueue();
    const [first, second] = [slice(['a', 0, 2], ['b', 5, 1]), slice(['a', 2, 1])];
    queue.push(first);
    queue.push(second);
    expect(shrink(queue, 4)).toEqual([]);
    expect(queue.take()).toEqual({ bytes: first.whole, count: 3, publishedAt: 7, lost: [] });
    expect(queue.take().bytes).toBe(second.whole);
    expect([queue.messages, queue.bytes]).toEqual([0, 0]);
  });

  it('drops the oldest messages of the log with the most, also from the middle, and keeps the order of the others', () => {
    const queue = new SubscriberQueue();
    queue.push(slice(['quiet', 0, 1], ['flood', 0, 3], ['other', 9, 1]));
    queue.push(slice(['flood', 3, 3], ['quiet', 1, 1], ['flood', 6, 1]));
    queue.push(slice(['flood', 7, 1]));
    expect(shrink(queue, 6)).toEqual(names('flood', 0, 5));
    expect([queue.messages, shrink(queue, 6)]).toEqual([6, []]);
    expect(drain(queue)).toEqual(['quiet 0', 'other 9', 'flood 5', 'quiet 1', 'flood 6', 'flood 7']);
  });

  it('drops the oldest messages of every log that exceeds its share', () => {
    const queue = new SubscriberQueue();
    queue.push(slice(['a', 0, 10], ['b', 0, 2], ['c', 0, 8]));
    const dropped = shrink(queue, 10);
    expect(dropped).toEqual([...names('a', 0, 6), ...names('c', 0, 4)]);
    expect(drain(queue)).toEqual([...names('a', 6, 4), ...names('b', 0, 2), ...names('c', 4, 4)]);
  });

  it('divides bytes among the logs like messages', () => {
    const queue = new SubscriberQueue();
    queue.push(slice(['big', 0, 10, 1000], ['small', 0, 20, 50]));
    expect(shrink(queue, Infinity, 6000)).toEqual(names('big', 0, 6));
    expect(queue.bytes).toBeLessThanOrEqual(6000);
    expect(drain(queue)).toEqual([...names('big', 6, 4), ...names('small', 0, 20)]);
  });

  it('continues in the middle of a slice that was written in part', () => {
    const queue = new SubscriberQueue();
    queue.push(slice(['a', 0, 3, PIECE * 0.6], ['b', 0, 2, PIECE * 0.6], ['a', 3, 3]));
    queue.push(slice(['b', 2, 1]));
    expect(texts(queue.take().bytes)).toEqual(['a 0']);
    expect(shrink(queue, 6)).toEqual(['a 1', 'a 2']);
    expect(drain(queue)).toEqual(['b 0', 'b 1', ...names('a', 3, 3), 'b 2']);
  });

  it('accepts messages during and after a drop, and forgets logs without waiting messages', () => {
    const queue = new SubscriberQueue();
    queue.push(slice(['a', 0, 5]));
    expect(shrink(queue, 3)).toEqual(['a 0', 'a 1']);
    queue.push(slice(['b', 0, 1], ['a', 5, 2]));
    expect(shrink(queue, 4)).toEqual(['a 2', 'a 3']);
    expect(shrink(queue, 0)).toEqual(['a 4', 'a 5', 'a 6', 'b 0']);
    expect([queue.messages, queue.bytes]).toEqual([0, 0]);
    queue.push(slice(['b', 1, 1], ['a', 7, 1]));
    expect(drain(queue)).toEqual(['b 1', 'a 7']);
  });

  it('joins small pieces up to a size', () => {
    const queue = new SubscriberQueue();
    for (let i = 0; i < 100; i++) queue.push(slice(['a', i, 1, 3000], ['b', i, 1, 3000]));
    shrink(queue, 190);
    const { count } = queue.take();
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(25);
  });

  it('stays consistent when an allocation fails', () => {
    const [queue, other] = [new SubscriberQueue(), slice(['a', 3, 1], ['b', 1, 1])];
    queue.push(slice(['a', 0, 2]));
    queue.push(slice(['b', 0, 1], ['a', 2, 1]));
    vi.spyOn(Buffer, 'allocUnsafe').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    expect(() => shrink(queue, 2)).toThrow(RangeError);
    vi.restoreAllMocks();
    expect(queue.messages).toBe(4);
    expect(shrink(queue, 3)).toEqual(['a 0']);
    vi.spyOn(Buffer, 'allocUnsafe').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    expect(() => queue.push(other)).toThrow(RangeError);
    vi.restoreAllMocks();
    expect(drain(queue)).toEqual(['a 1', 'b 0', 'a 2']);
  });

  it('drops random slices of random logs fairly, exactly and in order', () => {
    let seed = 42;
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const next = new Map<string, number>();
    const queue = new SubscriberQueue();
    const seen = new Map<string, number>();
    const see = (text: string) => {
      const [log, index] = text.split(' ');
      expect(Number(index)).toBe(seen.get(log) ?? 0);
      seen.set(log, Number(index) + 1);
    };
    for (let round = 0; round < 2000; round++) {
      const runs = Array.from({ length: 1 + random(4) }, (): Run => {
        const log = `log${random(5)}`;
        const [from, count] = [next.get(log) ?? 0, 1 + random(log === 'log0' ? 40 : 3)];
        next.set(log, from + count);
        return [log, from, count];
      });
      queue.push(slice(...runs));
      shrink(queue, 60).forEach(see);
      expect(queue.messages).toBeLessThanOrEqual(60);
      if (random(20) === 0) drain(queue).forEach(see);
      else if (random(3) === 0 && queue.messages > 0) texts(queue.take().bytes).forEach(see);
    }
    drain(queue).forEach(see);
    expect(seen).toEqual(next);
  });

  it('drops 100,000 messages of 100 logs, 25 at a time, each once, in less than quadratic time', () => {
    const queue = new SubscriberQueue();
    for (let i = 0; i < 2000; i++) {
      queue.push(slice(...Array.from({ length: 50 }, (_, log): Run => [`log${(log + i) % 100}`, i, 1])));
    }
    let dropped = 0;
    for (let left = queue.messages; left > 0; left = queue.messages - 25) {
      queue.shrink(left, Infinity, (_log, _from, count) => (dropped += count));
    }
    expect(dropped + queue.messages).toBe(100_000);
    expect(queue.messages).toBeLessThanOrEqual(25);
  });
});

it.each<[number[], number, number]>([
  [[], 10, Infinity],
  [[3, 4], 10, Infinity],
  [[5, 5], 10, Infinity],
  [[100], 10, 10],
  [[100, 2], 10, 8],
  [[100, 2, 90], 11, 4],
  [[1, 100, 1, 1], 10, 7],
  [[7, 7, 7], 10, 3],
  [[7, 7, 7], 0, 0],
  [[7, 7, 7], 2, 0],
])('the fair share of %j with a limit of %d is %d', (wanted, most, share) => {
  expect(fairShare(Float64Array.from(wanted), most)).toBe(share);
  const given = wanted.reduce((sum, amount) => sum + Math.min(amount, share), 0);
  expect(given).toBeLessThanOrEqual(most);
});
