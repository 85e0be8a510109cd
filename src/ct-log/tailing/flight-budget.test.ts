import { describe, expect, it } from 'vitest';
import { FlightBudget, type Lease, type Load, type Urgency } from './flight-budget.js';

const { signal } = new AbortController();
const entries = (count: number): Load => ({ entries: count, bytes: 0 });
const bytes = (count: number): Load => ({ entries: 1, bytes: count });

/** Which of the promises are settled after everything that could settle them ran. */
async function settled(promises: Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, i) => void promise.then(() => (done[i] = true)));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('FlightBudget', () => {
  it('admits up to its capacity, then in order of arrival', async () => {
    const budget = new FlightBudget({ entries: 10, bytes: 100 });
    const first = await budget.acquire(entries(6), signal);
    const big = budget.acquire(entries(5), signal);
    const small = budget.acquire(entries(1), signal);
    expect(await settled([big, small])).toEqual([false, false]);
    first?.release();
    first?.release();
    expect(await settled([big, small])).toEqual([true, true]);
    expect(await settled([budget.acquire(entries(5), signal)])).toEqual([false]);
  });

  it('admits what is larger than the whole capacity, alone', async () => {
    const budget = new FlightBudget({ entries: 10, bytes: 100 });
    const huge = await budget.acquire({ entries: 1000, bytes: 1e9 }, signal);
    const next = budget.acquire(entries(1), signal);
    expect(await settled([next])).toEqual([false]);
    huge?.release();
    expect(await settled([next])).toEqual([true]);
    expect(budget.used).toEqual({ entries: 1, bytes: 0 });
  });

  it('bounds bytes too, and counts those that came instead of those expected', async () => {
    const budget = new FlightBudget({ entries: 10, bytes: 100 });
    const first = (await budget.acquire(bytes(10), signal)) as Lease;
    first.resize(95);
    const next = budget.acquire(bytes(10), signal);
    expect(await settled([next])).toEqual([false]);
    first.resize(20);
    expect(await settled([next])).toEqual([true]);
    first.release();
    first.resize(1000);
    expect(budget.used).toEqual({ entries: 1, bytes: 10 });
  });

  it('leaves half of itself to those who have nothing yet', async () => {
    const budget = new FlightBudget({ entries: 10, bytes: 100 });
    await budget.acquire(entries(3), signal);
    expect(budget.tryAcquire(entries(2))).toBeDefined();
    expect(budget.tryAcquire(entries(1))).toBeUndefined();
    expect(await budget.acquire(entries(5), signal)).toBeDefined();
  });

  it('lets an aborted waiter go and those behind it in', async () => {
    const budget = new FlightBudget({ entries: 10, bytes: 100 });
    await budget.acquire(entries(6), signal);
    const controller = new AbortController();
    const big = budget.acquire(entries(10), controller.signal);
    const small = budget.acquire(entries(4), signal);
    expect(await settled([small])).toEqual([false]);
    controller.abort();
    expect(await big).toBeUndefined();
    expect(await settled([small])).toEqual([true]);
    expect(await budget.acquire(entries(1), controller.signal)).toBeUndefined();
  });

  it('keeps a quarter for logs that keep up, and another for what a log wants next', async () => {
    const budget = new FlightBudget({ entries: 100, bytes: 1e9 });
    const ahead = budget.acquire(entries(50), signal, () => 'ahead');
    const moreAhead = budget.acquire(entries(1), signal, () => 'ahead');
    const behind = budget.acquire(entries(25), signal, () => 'behind');
    const moreBehind = budget.acquire(entries(1), signal, () => 'behind');
    const live = budget.acquire(entries(25), signal);
    expect(await settled([ahead, behind, live])).toEqual([true, true, true]);
    expect(await settled([moreAhead, moreBehind])).toEqual([false, false]);
    expect([budget.admits(entries(1), 'live'), budget.admits(entries(1), 'behind')]).toEqual([false, false]);
    (await live)?.release();
    expect(await settled([moreAhead, moreBehind])).toEqual([false, false]);
    expect([budget.admits(entries(1), 'live'), budget.admits(entries(1), 'behind')]).toEqual([true, false]);
    (await ahead)?.release();
    expect(await settled([moreAhead, moreBehind])).toEqual([true, true]);
  });

  it('admits the most urgent first, as urgent as they are by then', async () => {
    const budget = new FlightBudget({ entries: 100, bytes: 1e9 });
    const all = await budget.acquire(entries(100), signal);
    const order: string[] = [];
    let urgency: Urgency = 'ahead';
    const ask = (name: string, of: () => Urgency): Promise<unknown> =>
      budget.acquire(entries(40), signal, of).then(() => order.push(name));
    const waiting = [
      ask('ahead', () => 'ahead'),
      ask('became next', () => urgency),
      ask('live', () => 'live'),
    ];
    urgency = 'behind';
    all?.release();
    await settled(waiting);
    expect(order).toEqual(['live']);
    const free = new FlightBudget({ entries: 100, bytes: 1e9 });
    const whole = await free.acquire(entries(100), signal);
    const both = [
      free.acquire(entries(30), signal, () => 'ahead').then(() => order.push('ahead')),
      free.acquire(entries(30), signal, () => urgency).then(() => order.push('became next')),
    ];
    whole?.release();
    await settled(both);
    expect(order).toEqual(['live', 'became next']);
  });
});
