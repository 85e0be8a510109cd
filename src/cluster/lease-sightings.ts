import type { Clock } from '../kernel/clock.js';
import { LEASE_TTL_MS } from './leases.js';
import { decodeLease } from './lease-record.js';
import type { Member } from './members.js';
import type { SharedRecord } from './shared-records.js';

/** The record of a lease as this member has last seen it. */
export interface Sighting {
  /** undefined if no member holds the lease. */
  readonly owner: string | undefined;
  readonly revision: number;
  /** When the revision was first seen, or the owner was last heard with it; monotonic milliseconds. */
  readonly at: number;
}

/** The owner of a record that this version cannot read. Like any owner that does not renew, it loses the lease. */
const UNKNOWN_OWNER = '?';

/**
 * What a member knows of leases that it does not hold: from the beats of their owners, and from records that it has read. A lease is over
 * when its owner has not renewed it for {@link LEASE_TTL_MS}, counted by this member's own clock from the moment that it saw the last
 * renewal.
 */
export class LeaseSightings {
  private readonly seen = new Map<string, Sighting>();

  constructor(
    private readonly group: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  get(unit: string): Sighting | undefined {
    return this.seen.get(unit);
  }

  /** Whether the lease may be taken: no member holds it, or its owner has not renewed it. */
  isOver({ owner, at }: Sighting): boolean {
    return owner === undefined || this.clock.now() - at >= LEASE_TTL_MS;
  }

  /** Takes a record that was read from the leader. `self` does not hold the lease. */
  read(unit: string, { value, revision }: SharedRecord, self: string): void {
    const owner = value === undefined ? null : decodeLease(value);
    const last = this.seen.get(unit);
    const isSame = last?.revision === revision && last.owner !== undefined;
    this.seen.set(unit, {
      owner: owner === null || owner === self ? undefined : (owner ?? UNKNOWN_OWNER),
      revision,
      at: isSame ? last.at : this.clock.now(),
    });
  }

  /** Takes what a live member says about its leases. */
  hear({ info, groups }: Member): void {
    const beat = groups.get(this.group);
    if (beat === undefined) return;
    for (const [unit, revision] of beat.held) this.see(unit, info.id, revision);
    for (const [unit, revision] of beat.freed) this.see(unit, undefined, revision);
  }

  /** Notes that the lease was given up by this member. */
  freed(unit: string, revision: number): void {
    this.seen.set(unit, { owner: undefined, revision, at: this.clock.now() });
  }

  forget(unit: string): void {
    this.seen.delete(unit);
  }

  /** Forgets what is older than `ms`, for units that no member mentions. */
  forgetOlderThan(ms: number): void {
    const oldest = this.clock.now() - ms;
    for (const [unit, { at }] of this.seen) if (at < oldest) this.seen.delete(unit);
  }

  /** Returns the owners of leases that are not over. */
  owners(): Map<string, string> {
    const owners = new Map<string, string>();
    for (const [unit, sighting] of this.seen) {
      const { owner } = sighting;
      if (owner !== undefined && owner !== UNKNOWN_OWNER && !this.isOver(sighting)) owners.set(unit, owner);
    }
    return owners;
  }

  /** A beat may be late: one with an older revision counts only if the newer one has not been heard of for long. */
  private see(unit: string, owner: string | undefined, revision: number): void {
    const last = this.seen.get(unit);
    const isOld = last !== undefined && revision < last.revision && !this.isOver({ ...last, owner: '' });
    // A beat repeats for a while that a lease is free.
    const isRepeated = owner === undefined && last?.revision === revision;
    if (!isOld && !isRepeated) this.seen.set(unit, { owner, revision, at: this.clock.now() });
  }
}
