import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { SeededRandom } from '../../simulator/pki/seeded-random.js';
import type { Load, Urgency } from './flight-budget.js';
import type { Lease } from './flight-lease.js';
import { type PacedParty, OperatorPace } from './operator-pace.js';
import {
  type Permit,
  RequestScheduler,
  type ScheduledLog,
  type ScheduledRequest,
} from './request-scheduler.js';

const CAPACITY: Load = { entries: 3200, bytes: 320_000 };
const CONNECTIONS = 6;
const MAX_PARALLEL = 4;
/** Maximum number of requests of all logs, including waiting ones. */
const MOST_REQUESTS = 80;
/** No room is reserved for an answer after this time. */
const LAPSE_MS = 1000;
/** Longest time that a request is under way. */
const LONGEST_MS = 10_000;
/** Longest Retry-After. */
const LONGEST_QUIET_MS = 20_000;
/** Longest wait of a request: far more than one turn at any pace, a pause of the log and some hanging requests together. */
const LONGEST_WAIT_MS = 120_000;

interface ModelLog {
  readonly scheduled: ScheduledLog;
  readonly host: string;
  readonly heads: PacedParty;
  readonly others: PacedParty;
  /** The connections and memory that its requests hold. */
  readonly permits: Set<Permit>;
}

interface ModelRequest {
  readonly log: ModelLog;
  readonly request: ScheduledRequest;
  readonly since: number;
}

/** Logs with random requests, which hang, fail, are refused or aborted, or get answers larger than expected. */
class Model {
  readonly clock = new VirtualClock(0.5, 1);
  readonly scheduler = new RequestScheduler({
    clock: this.clock,
    capacity: CAPACITY,
    connectionsPerHost: CONNECTIONS,
    maxParallel: MAX_PARALLEL,
    newPace: () => new OperatorPace(this.clock, 50),
  });
  readonly waiting = new Set<ModelRequest>();
  readonly leased = new Map<Lease, { readonly entries: number; readonly since: number }>();
  readonly running = new Set<Promise<void>>();
  readonly served = new Map<ModelLog, Record<Urgency, number>>();
  steps = 0;
  longestWait = 0;
  private readonly random: SeededRandom;
  private readonly logs: ModelLog[];
  private isEnding = false;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.logs = Array.from({ length: 14 }, (_, i) => {
      const host = `host ${i % 5}`;
      const scheduled = this.scheduler.log(`operator ${i % 3}`, host);
      return { scheduled, host, heads: { isHead: true }, others: { isHead: false }, permits: new Set() };
    });
    for (const log of this.logs) this.served.set(log, { head: 0, live: 0, behind: 0, ahead: 0, gap: 0 });
  }

  /** Starts some random requests. */
  begin(): void {
    const { random } = this;
    for (let count = random.below(4); count > 0 && this.running.size < MOST_REQUESTS; count--) {
      const log = this.logs[random.below(this.logs.length)];
      const kind = random.below(10);
      const doing =
        kind < 2
          ? this.head(log)
          : kind < 4
            ? this.plain(log, random.pick(['live', 'behind']))
            : this.range(log);
      const running = doing.finally(() => this.running.delete(running));
      this.running.add(running);
    }
  }

  async drain(): Promise<void> {
    this.isEnding = true;
    await this.clock.runUntil(this.clock.time + 2 * LONGEST_WAIT_MS);
  }

  check(): void {
    const { scheduler, logs, clock } = this;
    const taken = new Map<string, number>();
    for (const { host, permits, scheduled } of logs) {
      const held = new Set([...permits].flatMap(({ connection }) => connection ?? [])).size;
      taken.set(host, (taken.get(host) ?? 0) + held);
      if (held > MAX_PARALLEL) throw new Error(`a log has ${held} connections`);
      // A log without connections may always take one.
      if (held === 0 && !scheduled.connections.mayConnect) throw new Error('a log may have no connection');
    }
    for (const [host, count] of taken) {
      const most = CONNECTIONS + logs.filter((log) => log.host === host).length - 1;
      if (count > most) throw new Error(`${count} connections to ${host}`);
    }
    const { entries, bytes } = scheduler.budget.used;
    const leases = logs.flatMap(({ permits }) => [...permits].flatMap(({ lease }) => lease ?? []));
    // The guaranteed parts and late answers come in addition, and an answer may be twice as large as expected.
    const { guaranteed } = this.logs[0].scheduled.share;
    const late = leases.filter((lease) => clock.time - this.leased.get(lease)!.since > LAPSE_MS);
    const lateEntries = late.reduce((sum, lease) => sum + this.leased.get(lease)!.entries, 0);
    const mostEntries = CAPACITY.entries + leases.length * guaranteed.entries + lateEntries;
    const mostBytes = 2 * (CAPACITY.bytes + leases.length * guaranteed.bytes);
    if (entries > mostEntries || bytes > mostBytes)
      throw new Error(`${entries} entries and ${bytes} bytes are in flight`);
    if (leases.length === 0 && entries + bytes > 0) throw new Error('a request that waits holds memory');
    if (scheduler.waiting !== this.waiting.size) throw new Error('requests were lost');
    for (const { log, request, since } of this.waiting) {
      if (this.isGrantable(log, request)) throw new Error('nothing is granted though it could be');
      if (this.isEntitled(log, request)) this.longestWait = Math.max(this.longestWait, clock.time - since);
    }
  }

  /** Decides like the scheduler, without its queue. */
  private isGrantable({ scheduled, permits }: ModelLog, { load, urgency }: ScheduledRequest): boolean {
    const now = this.clock.time;
    if (scheduled.quietUntil > now) return false;
    if (urgency() === 'head') return scheduled.pace.opensAt(now) <= now;
    const idle = [...permits].find(
      ({ connection }) => connection !== undefined && !connection.isBusy,
    )?.connection;
    if (load === undefined && idle !== undefined) return idle.isPaid || scheduled.pace.opensAt(now) <= now;
    if (!scheduled.connections.mayConnect || scheduled.pace.opensAt(now) > now) return false;
    return load === undefined || scheduled.share.admits(load, urgency());
  }

  /** Whether the guaranteed part of the log suffices for the request. */
  private isEntitled({ permits }: ModelLog, { load }: ScheduledRequest): boolean {
    if (load === undefined) return true;
    const { guaranteed } = this.logs[0].scheduled.share;
    return (
      [...permits].every(({ lease }) => lease === undefined) &&
      load.entries <= guaranteed.entries &&
      load.bytes <= guaranteed.bytes
    );
  }

  private async admit(
    log: ModelLog,
    urgency: () => Urgency,
    load: Load | undefined,
    signal: AbortSignal,
  ): Promise<Permit | undefined> {
    const request: ScheduledRequest = { log: log.scheduled, urgency, load };
    const pending: ModelRequest = { log, request, since: this.clock.time };
    this.waiting.add(pending);
    const leaves = (): void => void this.waiting.delete(pending);
    signal.addEventListener('abort', leaves);
    const permit = await this.scheduler.admit(request, signal);
    leaves();
    this.steps++;
    if (permit === undefined) return undefined;
    log.permits.add(permit);
    this.served.get(log)![urgency()]++;
    return permit;
  }

  private async head(log: ModelLog): Promise<void> {
    const permit = await this.admit(log, () => 'head', undefined, this.patience());
    if (permit === undefined) return;
    await this.answer(log, log.heads);
    log.permits.delete(permit);
    this.scheduler.leave(log.scheduled, undefined, 'isBusy');
  }

  private async plain(log: ModelLog, urgency: Urgency, signal = this.patience()): Promise<void> {
    const permit = await this.admit(log, () => urgency, undefined, signal);
    if (permit === undefined) return;
    await this.answer(log, log.others);
    log.permits.delete(permit);
    this.scheduler.leave(log.scheduled, permit.connection, 'isBusy');
  }

  private async range(log: ModelLog): Promise<void> {
    const { random, scheduler } = this;
    const signal = this.patience();
    const entries = 1 + random.below(random.below(8) === 0 ? CAPACITY.entries : 150);
    const load = { entries, bytes: entries * 100 };
    let urgency: Urgency = random.pick(['live', 'behind', 'ahead', 'gap']);
    const permit = await this.admit(log, () => urgency, load, signal);
    if (permit === undefined) return;
    if (urgency === 'ahead') urgency = 'behind';
    const lease = permit.lease!;
    this.leased.set(lease, { entries, since: this.clock.time });
    let arrived = 0;
    for (let requests = random.below(3); requests >= 0; requests--) {
      await this.plain(log, urgency, signal);
      // The only answer in flight may take the whole budget, so the client must bound it.
      const bytes = random.below(Math.min(2 * load.bytes, 2 * CAPACITY.bytes - arrived));
      if (!lease.arriving(bytes)) break;
      arrived += bytes;
    }
    log.permits.delete(permit);
    scheduler.leave(log.scheduled, permit.connection, 'isKept');
    const held: Permit = { lease };
    log.permits.add(held);
    // The decoded answer is smaller than base64 and JSON.
    if (lease.resize(Math.ceil(0.7 * arrived))) await this.clock.sleep(random.below(2000), signal);
    log.permits.delete(held);
    lease.release();
  }

  /** Waits for the answer, which may be a refusal. */
  private async answer({ scheduled }: ModelLog, party: PacedParty): Promise<void> {
    const { random, clock } = this;
    const ms = random.below(20) === 0 ? LONGEST_MS : random.below(400);
    await clock.sleep(ms, new AbortController().signal);
    this.steps++;
    if (this.isEnding || random.below(100) > 0) return scheduled.pace.succeeded(party, 'url');
    const retryAfterMs = random.below(2) === 0 ? undefined : random.below(LONGEST_QUIET_MS);
    scheduled.quietUntil = Math.max(scheduled.quietUntil, clock.time + (retryAfterMs ?? 0));
    scheduled.pace.limited(party, retryAfterMs);
  }

  /** Returns a signal that aborts some of the requests. */
  private patience(): AbortSignal {
    const controller = new AbortController();
    const { random, clock } = this;
    if (random.below(10) === 0) clock.after(random.below(3000), () => controller.abort());
    return controller.signal;
  }
}

describe(`${RequestScheduler.name}, with random requests`, () => {
  it.each([1, 2, 3, 4, 5])(
    'grants every request that can be granted, keeps its bounds, starves no request, and ends with nothing taken (seed %i)',
    async (seed) => {
      const model = new Model(seed);
      const random = new SeededRandom(seed);
      while (model.steps < 6000) {
        model.begin();
        await model.clock.runUntil(model.clock.time + 1 + random.below(random.below(50) === 0 ? 5000 : 150));
        model.check();
      }
      expect(model.longestWait).toBeLessThan(LONGEST_WAIT_MS);
      for (const served of model.served.values()) {
        for (const count of Object.values(served)) expect(count).toBeGreaterThan(3);
      }
      await model.drain();
      model.check();
      expect([model.running.size, model.waiting.size, model.scheduler.waiting]).toEqual([0, 0, 0]);
      expect(model.scheduler.budget.used).toEqual({ entries: 0, bytes: 0 });
    },
  );
});
