import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.js';
import { WaitQueue } from './wait-queue.js';

describe('WaitQueue', () => {
  it('wakes callers in any order, or all of them', async () => {
    const queue = new WaitQueue<string>();
    const ended: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      void queue.wait(undefined, name).then((isWoken) => ended.push(`${name} ${isWoken}`));
    }
    expect([...queue].map(({ item }) => item)).toEqual(['a', 'b', 'c']);
    for (const { item, wake } of queue) if (item === 'b') wake();
    await Promise.resolve();
    expect([ended, queue.size]).toEqual([['b true'], 2]);
    queue.wakeAll();
    await Promise.resolve();
    expect([ended, queue.size]).toEqual([['b true', 'a true', 'c true'], 0]);
  });

  it('ends a wait when its signal is aborted, and leaves no listener', async () => {
    const queue = new WaitQueue();
    const controller = new AbortController();
    const { signal } = controller;
    const listeners = (): number => getEventListeners(signal, 'abort').length;
    const woken = queue.wait(signal);
    queue.wakeAll();
    expect([await woken, listeners()]).toEqual([true, 0]);
    const aborted = queue.wait(signal);
    controller.abort();
    expect([await aborted, queue.size, listeners()]).toEqual([false, 0, 0]);
    expect(await queue.wait(signal)).toBe(false);
  });

  it('ends a wait after the given time, or earlier when it is woken', async () => {
    const clock = new VirtualClock();
    const queue = new WaitQueue();
    let ended = 0;
    for (const ms of [1000, Infinity]) void queue.waitFor(ms, clock, undefined).then(() => ended++);
    await clock.runUntil(999);
    expect([ended, queue.size]).toEqual([0, 2]);
    await clock.runUntil(1000);
    expect([ended, queue.size]).toEqual([1, 1]);
    queue.wakeAll();
    await Promise.resolve();
    expect([ended, queue.size]).toEqual([2, 0]);
  });

  it('does not wake callers that wait again while wakeAll runs', async () => {
    const queue = new WaitQueue();
    let rounds = 0;
    const again = async (): Promise<void> => {
      for (; rounds < 5; rounds++) await queue.wait(undefined);
    };
    void again();
    queue.wakeAll();
    await new Promise(setImmediate);
    expect([rounds, queue.size]).toEqual([1, 1]);
  });
});
