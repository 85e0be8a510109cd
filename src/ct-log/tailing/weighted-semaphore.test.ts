import { describe, expect, it } from 'vitest';
import { WeightedSemaphore } from './weighted-semaphore.js';

const { signal } = new AbortController();

/** Which of the promises are settled after everything that could settle them ran. */
async function settled(promises: Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, i) => void promise.then(() => (done[i] = true)));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('WeightedSemaphore', () => {
  it('admits up to its capacity, then in order of arrival', async () => {
    const semaphore = new WeightedSemaphore(10);
    const first = await semaphore.acquire(6, signal);
    const big = semaphore.acquire(5, signal);
    const small = semaphore.acquire(1, signal);
    expect(await settled([big, small])).toEqual([false, false]);
    first?.();
    first?.();
    expect(await settled([big, small])).toEqual([true, true]);
    expect(await settled([semaphore.acquire(5, signal)])).toEqual([false]);
  });

  it('admits what is larger than the whole capacity, alone', async () => {
    const semaphore = new WeightedSemaphore(10);
    const huge = await semaphore.acquire(1000, signal);
    const next = semaphore.acquire(1, signal);
    expect(await settled([next])).toEqual([false]);
    huge?.();
    expect(await settled([next])).toEqual([true]);
  });

  it('lets an aborted waiter go and those behind it in', async () => {
    const semaphore = new WeightedSemaphore(10);
    await semaphore.acquire(6, signal);
    const controller = new AbortController();
    const big = semaphore.acquire(10, controller.signal);
    const small = semaphore.acquire(4, signal);
    expect(await settled([small])).toEqual([false]);
    controller.abort();
    expect(await big).toBeUndefined();
    expect(await settled([small])).toEqual([true]);
    expect(await semaphore.acquire(1, controller.signal)).toBeUndefined();
  });
});
