import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { requestScheduler } from '../../../test/support/log-requests.js';
import type { Urgency } from './flight-budget.js';
import { OperatorPace, type PacedParty } from './operator-pace.js';
import type { RequestScheduler, ScheduledLog } from './request-scheduler.js';

const { signal } = new AbortController();
const party = (isHead = false): PacedParty => ({ isHead });

/** One operator whose requests wait only for its pace. */
class PacedOperator {
  readonly pace: OperatorPace;
  private readonly scheduler: RequestScheduler;
  private readonly log: ScheduledLog;

  constructor(clock: VirtualClock, maxRate: number) {
    const pace = new OperatorPace(clock, maxRate);
    this.pace = pace;
    this.scheduler = requestScheduler(clock, { newPace: () => pace });
    this.log = this.scheduler.log('operator', 'host');
  }

  get waiting(): number {
    return this.scheduler.waiting;
  }

  async admit(urgency: Urgency, patience: AbortSignal): Promise<void> {
    const permit = await this.scheduler.admit({ log: this.log, urgency: () => urgency }, patience);
    this.scheduler.leave(this.log, permit?.connection, 'isBusy');
  }

  succeeded(log: PacedParty): void {
    this.pace.succeeded(log, 'url');
    this.scheduler.run();
  }

  limited(log: PacedParty, retryAfterMs?: number): void {
    this.pace.limited(log, retryAfterMs);
    this.scheduler.run();
  }
}

interface Use {
  readonly log?: PacedParty;
  readonly urgency?: Urgency;
  readonly until?: number;
}

/** Sends one request after the other, each answered at once. `isRefused` returns true, or a Retry-After, to refuse one. */
function use(
  pacer: PacedOperator,
  clock: VirtualClock,
  isRefused: (at: number) => number | boolean = () => false,
  { log = party(), urgency = 'live', until = Infinity }: Use = {},
): number[] {
  const times: number[] = [];
  const run = async (): Promise<void> => {
    while (clock.time < until) {
      await pacer.admit(urgency, signal);
      times.push(clock.time);
      const refusal = isRefused(clock.time);
      if (refusal === false) pacer.succeeded(log);
      else pacer.limited(log, refusal === true ? undefined : refusal);
      await clock.sleep(1, signal);
    }
  };
  void run();
  return times;
}

const perSecond = (times: number[], from: number, to: number): number =>
  (times.filter((time) => time >= from && time < to).length * 1000) / (to - from);

describe(OperatorPace.name, () => {
  it('starts with a low rate, which grows to the maximum while requests wait', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 200);
    const times = use(pacer, clock, undefined, { until: 20_000 });
    await clock.runUntil(20_000);
    expect(perSecond(times, 0, 1000)).toBeLessThan(45);
    expect(perSecond(times, 10_000, 20_000)).toBeGreaterThan(150);
    expect(perSecond(times, 10_000, 20_000)).toBeLessThanOrEqual(201);
  });

  it('keeps its rate while no request waits, because the rate is not tried out', () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 200);
    for (let i = 0; i < 100; i++) {
      clock.time += 1000;
      void pacer.admit('live', signal);
      expect(pacer.waiting).toBe(0);
      pacer.succeeded(party());
    }
    expect(pacer.pace.requestsPerSecond).toBe(10);
  });

  it.each([
    { limit: 1, burst: 5 },
    { limit: 5, burst: 5 },
    { limit: 20, burst: 10 },
    { limit: 20, burst: 1 },
    { limit: 100, burst: 50 },
  ])(
    'reaches the rate that an operator tolerates, $limit per second, with few refusals',
    async ({ limit, burst }) => {
      const clock = new VirtualClock(0.5, 1);
      const pacer = new PacedOperator(clock, 200);
      const [from, until] = [60_000, 360_000];
      let tokens = burst;
      let filledAt = 0;
      const refusals: number[] = [];
      const times = use(
        pacer,
        clock,
        (at) => {
          tokens = Math.min(burst, tokens + ((at - filledAt) * limit) / 1000);
          filledAt = at;
          if (tokens >= 1) tokens--;
          else if (refusals.push(at)) return true;
          return false;
        },
        { until },
      );
      await clock.runUntil(until);
      const refused = perSecond(refusals, from, until);
      expect(perSecond(times, from, until) - refused).toBeGreaterThan(0.95 * limit);
      expect(refused * 60).toBeLessThan(2.5);
    },
  );

  it('obeys Retry-After for all logs, and continues slowly', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 200);
    const first = use(pacer, clock, (at) => (at < 5000 ? false : at < 6000 ? 30_000 : false), {
      until: 60_000,
    });
    const others = Array.from({ length: 20 }, () => use(pacer, clock, undefined, { until: 60_000 }));
    await clock.runUntil(60_000);
    const all = [first, ...others].flat().sort((a, b) => a - b);
    const refused = first.find((time) => time >= 5000) as number;
    const before = perSecond(all, refused - 1000, refused);
    expect(all.filter((time) => time > refused && time < refused + 30_000)).toEqual([]);
    expect(all.filter((time) => time >= refused + 30_000).length).toBeGreaterThan(50);
    expect(perSecond(all, refused + 30_000, refused + 38_000)).toBeLessThan(0.75 * before);
  });

  it('lets the other logs continue after a minute if one requests a longer pause', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 200);
    pacer.limited(party(), 600_000);
    const others = use(pacer, clock, undefined, { until: 120_000 });
    await clock.runUntil(120_000);
    expect(others[0]).toBeGreaterThanOrEqual(60_000);
    expect(others[0]).toBeLessThan(75_000);
  });

  it('does not let a log with a limit of its own hold up the others', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 40);
    const limited = party();
    const times = use(pacer, clock, undefined, { until: 120_000 });
    const ask = async (): Promise<void> => {
      while (clock.time < 120_000) {
        await pacer.admit('live', signal);
        pacer.limited(limited, 20_000);
        await clock.sleep(20_000, signal);
      }
    };
    void ask();
    await clock.runUntil(120_000);
    // The first refusal stops all logs. Then it is known that the others are served.
    expect(perSecond(times, 0, 20_000)).toBeLessThan(1);
    expect(perSecond(times, 60_000, 120_000)).toBeGreaterThan(15);
  });

  it('pauses again when all logs are refused, longer each time without Retry-After', async () => {
    const clock = new VirtualClock(0, 1);
    const pacer = new PacedOperator(clock, 200);
    const times = use(pacer, clock, () => true, { until: 100_000 });
    await clock.runUntil(100_000);
    const pauses = times.slice(1).map((time, i) => Math.round((time - times[i]) / 1000));
    expect(pauses.slice(0, 5)).toEqual(
      [1, 2, 4, 8, 16].map((least) => expect.toSatisfy((s: number) => s >= least)),
    );
    expect(times.length).toBeLessThan(10);
  });

  it('serves live requests before those of logs with a backlog, without starving the latter', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 20);
    const behind = Array.from({ length: 10 }, () =>
      use(pacer, clock, undefined, { urgency: 'behind', until: 60_000 }),
    );
    const waits: number[] = [];
    const live = async (): Promise<void> => {
      while (clock.time < 60_000) {
        const asked = clock.time;
        await pacer.admit('live', signal);
        waits.push(clock.time - asked);
        await clock.sleep(500, signal);
      }
    };
    void live();
    await clock.runUntil(60_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(110);
    expect(behind.flat().length).toBeGreaterThan(900);
    const busy = Array.from({ length: 5 }, () => use(pacer, clock, undefined, { until: 120_000 }));
    const late = use(pacer, clock, undefined, { urgency: 'behind', until: 120_000 });
    await clock.runUntil(120_000);
    expect(busy.flat().length).toBeGreaterThan(900);
    expect(late.length).toBeGreaterThan(50);
  });

  it('serves tree heads first, and live entries at least every second time', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 1);
    const until = 120_000;
    const heads = Array.from({ length: 20 }, () => use(pacer, clock, undefined, { urgency: 'head', until }));
    const entries = use(pacer, clock, undefined, { until });
    const gaps = use(pacer, clock, undefined, { urgency: 'gap', until });
    await clock.runUntil(until);
    expect(heads.flat().length).toBeGreaterThanOrEqual(entries.length);
    expect(entries.length).toBeGreaterThan(50);
    expect(gaps.length).toBeGreaterThan(3);
    expect(gaps.length).toBeLessThan(10);
  });

  it('removes an aborted request from the queue', async () => {
    const clock = new VirtualClock(0.5, 1);
    const pacer = new PacedOperator(clock, 1);
    void pacer.admit('live', signal);
    expect(pacer.waiting).toBe(0);
    const controller = new AbortController();
    const turn = pacer.admit('live', controller.signal);
    expect(pacer.waiting).toBe(1);
    controller.abort();
    await turn;
    expect(pacer.waiting).toBe(0);
    await pacer.admit('live', controller.signal);
    expect(pacer.waiting).toBe(0);
  });
});
