import type { Clock } from '../kernel/clock.js';
import type { LeaseGroup } from './cluster.js';
import { type Members, takesPart } from './members.js';
import { Rendezvous } from './rendezvous.js';

/**
 * Which member is to have each unit of a group: one of the live members that want it, by rendezvous hashing. A member that has declined a
 * unit does not want it for some time.
 */
export class LeaseTargets {
  private readonly units = new Set<string>();
  /** Until when declined units are not wanted, monotonic milliseconds. */
  private readonly declined = new Map<string, number>();
  private readonly rendezvous = new Rendezvous();
  /** The units that each other live member wants, by its id. */
  private others: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  /** Ids of the other members that may take leases now. */
  private active: ReadonlySet<string> = new Set();

  constructor(
    private readonly group: LeaseGroup,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly members: Members,
  ) {}

  /** The units that this member wants now. */
  get wanted(): string[] {
    return [...this.units].filter((unit) => !this.declined.has(unit));
  }

  /** Replaces the units that this member wants. */
  want(units: Iterable<string>): void {
    this.units.clear();
    if (takesPart(this.members.self.role, this.group)) for (const unit of units) this.units.add(unit);
    for (const unit of this.declined.keys()) if (!this.units.has(unit)) this.declined.delete(unit);
  }

  isWanted(unit: string): boolean {
    return this.units.has(unit) && !this.declined.has(unit) && this.members.state !== 'leaving';
  }

  /**
   * Leaves a unit to the other members for a time, or as long as one of them wants it.
   * @returns false if no other member wants it; then nothing changes.
   */
  decline(unit: string, ms: number): boolean {
    this.update();
    if (!this.isWantedByOthers(unit)) return false;
    this.declined.set(unit, this.clock.now() + ms);
    return true;
  }

  /** Takes over what the other members have said. */
  update(): void {
    const others = this.members
      .others()
      .filter(({ info, state }) => takesPart(info.role, this.group) && state !== 'leaving');
    this.others = new Map(
      others.map(({ info, groups }) => [info.id, new Set(groups.get(this.group)?.wanted)]),
    );
    this.active = new Set(others.filter(({ state }) => state === 'active').map(({ info }) => info.id));
    for (const [unit, until] of this.declined)
      if (until <= this.clock.now() || !this.isWantedByOthers(unit)) this.declined.delete(unit);
  }

  /** Returns the id of the member that is to have the unit; undefined if no live member wants it. */
  of(unit: string): string | undefined {
    const candidates = this.isWanted(unit) ? [this.members.self.id] : [];
    for (const [id, units] of this.others) if (units.has(unit)) candidates.push(id);
    return this.rendezvous.preferred(unit, candidates);
  }

  /** Whether another member is to have the unit and may take it now. */
  isForOthers(unit: string): boolean {
    const target = this.of(unit);
    return target !== undefined && target !== this.members.self.id && this.active.has(target);
  }

  private isWantedByOthers(unit: string): boolean {
    for (const units of this.others.values()) if (units.has(unit)) return true;
    return false;
  }
}
