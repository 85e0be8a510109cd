import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { requestScheduler } from '../../../test/support/log-requests.js';
import { FlightBudget, type Load, type Urgency } from './flight-budget.js';
import { FlightShare } from './flight-share.js';
import type { Lease } from './flight-lease.js';
import type { RequestScheduler, ScheduledLog } from './request-scheduler.js';

const { signal } = new AbortController();
const entries = (count: number): Load => ({ entries: count, bytes: 0 });
const bytes = (count: number): Load => ({ entries: 2, bytes: count });

/** Returns which promises are settled after all pending work has run. */
async function settled(promises: Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, i) => void promise.then(() => (done[i] = true)));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

/** One log and its requests. */
class TestLog extends FlightShare {
  private readonly log: ScheduledLog;

  constructor(
    private readonly scheduler: RequestScheduler,
    operator: string,
  ) {
    super(scheduler.budget, operator);
    this.log = { ...scheduler.log(operator, operator), share: this };
  }

  /** Waits for room. */
  async acquire(
    load: Load,
    patience: AbortSignal,
    urgency = (): Urgency => 'live',
  ): Promise<Lease | undefined> {
    return (await this.scheduler.admit({ log: this.log, load, urgency }, patience))?.lease;
  }
}

/** A budget of 100 entries and 6,400 bytes, and logs of different operators. */
function setup(capacity: Load = { entries: 100, bytes: 6400 }) {
  const clock = new VirtualClock();
  const scheduler = requestScheduler(clock, { capacity });
  const { budget } = scheduler;
  const logOf = (operator: string): TestLog => new TestLog(scheduler, operator);
  const logs = Array.from({ length: 12 }, (_, i) => logOf(`operator ${i}`));
  /** Takes the whole budget, so that only the guaranteed part of each log is left. */
  const fill = (): Lease => logOf('other').take({ ...capacity }, 'live');
  return { clock, budget, logOf, logs, fill };
}

describe(FlightBudget.name, () => {
  it('admits up to its capacity, and a small request before a large one that does not fit', async () => {
    const { logs } = setup();
    const first = await logs[0].acquire(entries(60), signal);
    const big = logs[1].acquire(entries(50), signal);
    const small = logs[2].acquire(entries(40), signal);
    expect(await settled([big, small])).toEqual([false, true]);
    first?.release();
    first?.release();
    expect(await settled([big])).toEqual([true]);
    expect(await settled([logs[3].acquire(entries(50), signal)])).toEqual([false]);
  });

  it('admits a request larger than the whole capacity if there is no other', async () => {
    const { budget, logs } = setup();
    const huge = await logs[0].acquire({ entries: 1000, bytes: 1e9 }, signal);
    const next = logs[1].acquire(entries(4), signal);
    expect(await settled([next])).toEqual([false]);
    huge?.release();
    expect(await settled([next])).toEqual([true]);
    expect(budget.used).toEqual(entries(4));
  });

  it('charges the received bytes instead of the expected ones, until they are delivered', async () => {
    const { budget, logs } = setup();
    const first = (await logs[0].acquire(bytes(1000), signal))!;
    expect(first.resize(6100)).toBe(true);
    const next = logs[1].acquire(bytes(600), signal);
    expect(await settled([next])).toEqual([false]);
    first.resize(2000);
    expect(await settled([next])).toEqual([true]);
    first.release();
    expect(first.resize(1000)).toBe(false);
    expect(first.arriving(1000)).toBe(false);
    expect(budget.used).toEqual(bytes(600));
  });

  it('reserves no room for answers that do not arrive', async () => {
    const { budget, clock, logs, fill } = setup();
    const hanging = fill();
    const next = logs[1].acquire(entries(50), signal);
    expect(await settled([next])).toEqual([false]);
    await clock.runUntil(2000);
    expect(await settled([next])).toEqual([true]);
    (await next)!.release();
    expect(budget.used).toEqual({ entries: 0, bytes: 0 });
    // Bytes that arrive later are charged when they arrive.
    expect(hanging.arriving(3000)).toBe(true);
    expect(budget.used).toEqual({ entries: 100, bytes: 3000 });
    hanging.release();
    expect(budget.used).toEqual({ entries: 0, bytes: 0 });
  });

  it('leaves every operator a share of the free room', async () => {
    const { logOf } = setup();
    const [one, sibling] = [logOf('one'), logOf('one')];
    const other = logOf('other');
    await one.acquire(entries(40), signal);
    const more = [one, sibling].map((log) => log.acquire(entries(30), signal));
    expect(await settled(more)).toEqual([false, false]);
    expect(await settled([other.acquire(entries(30), signal)])).toEqual([true]);
    expect(await settled([sibling.acquire(entries(10), signal)])).toEqual([false]);
  });

  it('always admits a small request of a log with nothing in flight', async () => {
    const { logs, fill } = setup({ entries: 3200, bytes: 32_000 });
    fill();
    const { guaranteed } = logs[0];
    expect(guaranteed).toEqual({ entries: 100, bytes: 1000 });
    expect(logs[0].admits(guaranteed, 'behind')).toBe(true);
    expect(logs[0].admits({ ...guaranteed, bytes: 1001 }, 'live')).toBe(false);
    // A single entry is admitted with any size.
    expect(logs[0].admits({ entries: 1, bytes: 1e6 }, 'live')).toBe(true);
    const lease = await logs[0].acquire(guaranteed, signal);
    expect(logs[0].admits(guaranteed, 'live')).toBe(false);
    lease!.release();
    expect(logs[0].admits(guaranteed, 'live')).toBe(true);
  });

  it('refuses an answer that is much larger or later than expected and does not fit', async () => {
    const { clock, logs, fill } = setup();
    const small = (await logs[0].acquire(bytes(1000), signal))!;
    const late = (await logs[1].acquire(bytes(1000), signal))!;
    // As with base64 and JSON.
    expect(small.arriving(1500)).toBe(true);
    expect(small.arriving(1200)).toBe(true);
    expect(small.arriving(1200)).toBe(false);
    small.release();
    await clock.runUntil(2000);
    const others = fill();
    expect(late.arriving(150)).toBe(true);
    expect(late.arriving(150)).toBe(false);
    others.release();
    expect(late.arriving(150)).toBe(true);
    // As after decompression.
    const little = await logs[2].acquire(bytes(100), signal);
    expect(late.resize(6000)).toBe(false);
    expect(late.resize(3000)).toBe(true);
    little!.release();
    expect(late.resize(6000)).toBe(true);
  });

  it('accepts an answer larger than the whole capacity if no other request takes room', async () => {
    const { logs } = setup();
    const lease = (await logs[0].acquire({ entries: 1, bytes: 1000 }, signal))!;
    const other = (await logs[1].acquire(bytes(500), signal))!;
    expect(lease.arriving(10_000)).toBe(false);
    other.release();
    expect(lease.arriving(10_000)).toBe(true);
    expect(lease.resize(9000)).toBe(true);
  });

  it('leaves the others a share of the free room even if an answer is larger than expected', async () => {
    const { logOf, logs } = setup({ entries: 10_000, bytes: 64_000 });
    const flood = (await logOf('flood').acquire({ entries: 1, bytes: 100 }, signal))!;
    const sibling = (await logOf('flood').acquire({ entries: 1, bytes: 100 }, signal))!;
    await logs[0].acquire(bytes(1000), signal);
    for (let i = 0; i < 1000; i++) if (!flood.arriving(100)) break;
    for (let i = 0; i < 1000; i++) if (!sibling.arriving(100)) break;
    expect(logs[1].admits(bytes(20_000), 'live')).toBe(true);
  });

  it('never holds more than a multiple of its capacity', async () => {
    const { budget, clock, logs } = setup({ entries: 100_000, bytes: 64_000 });
    const leases: Lease[] = [];
    for (const log of logs)
      for (let i = 0; i < 8; i++)
        if (log.admits(bytes(500), 'live')) leases.push((await log.acquire(bytes(500), signal))!);
    await clock.runUntil(25_000);
    for (let i = 0; i < 1000; i++) for (const lease of leases) lease.arriving(1000);
    expect(leases.length).toBeGreaterThan(50);
    expect(budget.used.bytes).toBeLessThanOrEqual(2 * 64_000 + leases.length * 1000);
  });

  it('leaves half of itself to logs without requests', async () => {
    const { logs } = setup();
    await logs[0].acquire(entries(30), signal);
    expect(logs[1].tryAcquire(entries(20))).toBeDefined();
    expect(logs[2].tryAcquire(entries(10))).toBeUndefined();
    expect(await logs[3].acquire(entries(50), signal)).toBeDefined();
  });

  it('keeps the guaranteed part of a log while the log requests a gap', async () => {
    const { logs, fill } = setup({ entries: 3200, bytes: 32_000 });
    fill();
    const { guaranteed } = logs[0];
    const gap = logs[0].tryAcquire(guaranteed);
    expect(gap).toBeDefined();
    expect(logs[0].tryAcquire(guaranteed)).toBeUndefined();
    expect(logs[0].admits(guaranteed, 'live')).toBe(true);
    const lease = await logs[0].acquire(guaranteed, signal);
    gap!.release();
    expect(logs[0].tryAcquire(guaranteed)).toBeUndefined();
    lease!.release();
    expect(logs[0].tryAcquire(guaranteed)).toBeDefined();
  });

  it('admits the next request of a log after a request without an answer', async () => {
    const { clock, logs, fill } = setup({ entries: 3200, bytes: 32_000 });
    const { guaranteed } = logs[0];
    fill().resize(32_000);
    const hanging = await logs[0].acquire(guaranteed, signal);
    const next = logs[0].acquire(guaranteed, signal);
    await clock.runUntil(2000);
    expect(await settled([next])).toEqual([false]);
    hanging!.release();
    expect(await settled([next])).toEqual([true]);
  });

  it('removes an aborted request from the queue', async () => {
    const { logs, fill } = setup();
    const all = fill();
    const controller = new AbortController();
    const first = logs[0].acquire(entries(10), controller.signal);
    const second = logs[1].acquire(entries(10), signal);
    controller.abort();
    expect(await first).toBeUndefined();
    all.release();
    expect(await settled([second])).toEqual([true]);
    expect(await logs[2].acquire(entries(10), controller.signal)).toBeUndefined();
  });

  it('admits the most urgent request first, then in order of arrival; the urgency may change while a request waits', async () => {
    const { logs, fill } = setup();
    const all = fill();
    const order: string[] = [];
    let urgency: Urgency = 'ahead';
    const want = (log: TestLog, name: string, of: () => Urgency, count: number) =>
      log.acquire(entries(count), signal, of).then(() => order.push(name));
    const wanted = [
      want(logs[0], 'ahead', () => 'ahead', 10),
      want(logs[1], 'behind', () => 'behind', 10),
      want(logs[2], 'became next', () => urgency, 10),
      want(logs[3], 'live', () => 'live', 10),
    ];
    urgency = 'live';
    all.release();
    await Promise.all(wanted);
    expect(order).toEqual(['became next', 'live', 'behind', 'ahead']);
  });
});
