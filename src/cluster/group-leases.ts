import type { Clock } from '../kernel/clock.js';
import type { ProblemLogTarget } from '../logging/problem-log.js';
import { hasClusterCode } from './cluster-error.js';
import type { LeaseGroup } from './cluster.js';
import { HeldLease } from './held-lease.js';
import { encodeLease } from './lease-record.js';
import { LeaseSightings } from './lease-sightings.js';
import { LEASE_TTL_MS, type LeaseHandler, type Leases } from './leases.js';
import type { GroupBeat } from './member-beat.js';
import { LeaseTargets } from './lease-targets.js';
import type { Member, Members } from './members.js';
import type { SharedRecords } from './shared-records.js';

/** Pause after a request that failed. */
const RETRY_MS = 500;
/** A member keeps a lease for this time before it hands it over, so that nothing flaps while members see different members. */
const LEAST_MS = 2000;
const FORGET_MS = 60_000;

/** The parts of a cluster that the leases need. */
export interface LeaseSurroundings {
  readonly clock: Clock;
  readonly members: Members;
  readonly records: SharedRecords;
  readonly log: ProblemLogTarget;
  /** Tells the other members at once which leases this member has. */
  announce(): void;
}

/**
 * The leases of one group. Each unit goes to one of the members that want it by rendezvous hashing; a lease is a record in a bucket that
 * its owner renews, and every write of it names the revision that it follows, so only one of several writers wins.
 */
export class GroupLeases implements Leases {
  private readonly targets: LeaseTargets;
  private readonly held = new Map<string, HeldLease>();
  private readonly freed = new Map<string, { readonly revision: number; readonly at: number }>();
  private readonly sightings: LeaseSightings;
  /** Leases that are being given up. */
  private readonly ending = new Map<HeldLease, Promise<void>>();
  /** Units with a request on the way. */
  private readonly busy = new Set<string>();
  /** When the next request for a unit may be sent, monotonic milliseconds. */
  private readonly pausedUntil = new Map<string, number>();

  constructor(
    private readonly group: LeaseGroup,
    private readonly handler: LeaseHandler,
    private readonly around: LeaseSurroundings,
  ) {
    this.sightings = new LeaseSightings(group, around.clock);
    this.targets = new LeaseTargets(group, around.clock, around.members);
  }

  want(units: ReadonlySet<string>): void {
    this.targets.want(units);
    this.tick();
  }

  decline(unit: string, ms: number): boolean {
    const isDeclined = this.targets.decline(unit, ms);
    if (isDeclined) this.tick();
    return isDeclined;
  }

  owners(): ReadonlyMap<string, string> {
    const owners = this.sightings.owners();
    for (const unit of this.held.keys()) owners.set(unit, this.self);
    return owners;
  }

  holds(unit: string): boolean {
    return this.held.get(unit)?.isValid === true;
  }

  async stop(): Promise<void> {
    this.targets.want([]);
    await Promise.all([...this.held.values()].map((lease) => this.giveUp(lease)));
  }

  /** Returns what this member says about the group in its beat. */
  beat(): GroupBeat {
    const oldest = this.around.clock.now() - LEASE_TTL_MS;
    for (const [unit, { at }] of this.freed) if (at < oldest) this.freed.delete(unit);
    return {
      wanted: this.targets.wanted,
      held: new Map(
        [...this.held].filter(([, lease]) => lease.isRecent).map(([unit, { revision }]) => [unit, revision]),
      ),
      freed: new Map([...this.freed].map(([unit, { revision }]) => [unit, revision])),
    };
  }

  /** Takes the beat of another member. */
  hear(member: Member): void {
    this.sightings.hear(member);
    let isChance = false;
    for (const unit of member.groups.get(this.group)?.freed.keys() ?? []) {
      this.pausedUntil.delete(unit);
      if (this.targets.isWanted(unit) && !this.held.has(unit)) isChance = true;
    }
    if (isChance) this.tick();
  }

  /** Renews all leases that are not being given up. */
  async renew(): Promise<void> {
    await Promise.all([...this.held.values()].map((lease) => lease.renewNow()));
  }

  /** Retries renewals, notices what is over, hands over the leases of others, and takes those that are free. Call it several times a second. */
  tick(): void {
    const { targets } = this;
    for (const lease of this.held.values()) lease.tick();
    targets.update();
    for (const lease of this.held.values()) {
      const { unit } = lease;
      const isForOthers = lease.age >= LEAST_MS && targets.isForOthers(unit);
      if (!targets.isWanted(unit) || isForOthers) void this.giveUp(lease);
    }
    if (this.around.members.state === 'active')
      for (const unit of targets.wanted)
        if (!this.held.has(unit) && targets.of(unit) === this.self) this.contend(unit);
    this.sightings.forgetOlderThan(FORGET_MS);
  }

  private get self(): string {
    return this.around.members.self.id;
  }

  /** Takes the lease if it is free or over. */
  private contend(unit: string): void {
    const { clock } = this.around;
    if (this.busy.has(unit) || (this.pausedUntil.get(unit) ?? 0) > clock.now()) return;
    const sighting = this.sightings.get(unit);
    if (sighting === undefined) this.request(unit, () => this.read(unit));
    else if (this.sightings.isOver(sighting)) this.request(unit, () => this.take(unit, sighting.revision));
    else if (!this.isHeard(unit, sighting.owner!)) this.request(unit, () => this.read(unit), RETRY_MS);
  }

  /** Whether the owner is alive and says that it holds the lease. */
  private isHeard(unit: string, owner: string): boolean {
    return this.around.members.other(owner)?.groups.get(this.group)?.held.has(unit) === true;
  }

  /** Runs one request for a unit, and the next one after a pause. */
  private request(unit: string, run: () => Promise<void>, pauseMs = 0): void {
    const pause = (ms: number): void => void this.pausedUntil.set(unit, this.around.clock.now() + ms);
    this.busy.add(unit);
    pause(pauseMs);
    run()
      // The servers do not answer, which the connection reports.
      .catch(() => pause(RETRY_MS))
      .finally(() => {
        this.busy.delete(unit);
        if (pauseMs === 0) this.tick();
      });
  }

  private async read(unit: string): Promise<void> {
    this.sightings.read(unit, await this.around.records.get(this.key(unit)), this.self);
  }

  private async take(unit: string, revision: number): Promise<void> {
    const { clock, records } = this.around;
    const sentAt = clock.now();
    let taken: number;
    try {
      taken = await records.put(this.key(unit), encodeLease(this.self), revision);
    } catch (error) {
      const isStale = hasClusterCode(error, 'CLUSTER_FENCED') || hasClusterCode(error, 'CLUSTER_RECORD_LOST');
      if (!isStale) throw error;
      await this.read(unit);
      return;
    }
    this.sightings.forget(unit);
    this.freed.delete(unit);
    this.pausedUntil.delete(unit);
    const lease = new HeldLease(
      unit,
      { revision: taken, renewedAt: sentAt, self: this.self },
      this.key(unit),
      {
        clock,
        records,
        lost: () => this.lose(lease),
      },
    );
    // The answer came too late: the lease may already be another member's.
    if (!lease.isValid) return;
    if (!this.targets.isWanted(unit)) {
      await lease.free();
      return;
    }
    this.held.set(unit, lease);
    this.call(unit, () => this.handler.acquired(unit));
    this.around.announce();
  }

  private lose(lease: HeldLease): void {
    const { unit } = lease;
    if (this.held.get(unit) !== lease) return;
    this.held.delete(unit);
    this.sightings.forget(unit);
    this.call(unit, () => this.handler.lost(unit));
    this.around.announce();
  }

  private giveUp(lease: HeldLease): Promise<void> {
    let ending = this.ending.get(lease);
    if (ending === undefined) {
      ending = this.end(lease).finally(() => this.ending.delete(lease));
      this.ending.set(lease, ending);
    }
    return ending;
  }

  private async end(lease: HeldLease): Promise<void> {
    const { unit } = lease;
    await lease.release(
      () => this.handler.release(unit),
      (reason) => this.report(unit, reason),
    );
    if (this.held.get(unit) !== lease) return;
    const revision = await lease.free();
    this.held.delete(unit);
    if (revision !== undefined) {
      this.freed.set(unit, { revision, at: this.around.clock.now() });
      this.sightings.freed(unit, revision);
    }
    this.around.announce();
  }

  private key(unit: string): string {
    return `${this.group}.${unit}`;
  }

  private call(unit: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.report(unit, error);
    }
  }

  private report(unit: string, error: unknown): void {
    this.around.log.warn(`cluster: the work of ${unit} failed`, { error });
  }
}
