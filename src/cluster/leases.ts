/** Does the work of the units whose leases this member holds. */
export interface LeaseHandler {
  /** This member has taken the lease of the unit. */
  acquired(unit: string): void;
  /**
   * Another live member is to have the unit, or this member stops, or no part of the program needs the unit any more: finish the work. The
   * lease is given up when the promise settles, or after {@link RELEASE_WITHIN_MS}.
   */
  release(unit: string): Promise<void>;
  /** The lease was lost: it was not renewed in time, or another member has taken it. Stop at once, and write nothing more. */
  lost(unit: string): void;
}

/** Units of work that the members share. Each unit is done by the member that holds its lease. */
export interface Leases {
  /**
   * Replaces the set of units. Every member that takes part names the same units. A unit that this member no longer names is released.
   */
  want(units: ReadonlySet<string>): void;
  /**
   * Leaves a unit that cannot be worked on here to the other members: it is released, and this member does not take it for a time, unless no
   * other member wants it any more.
   * @returns false if no other live member wants the unit now; then nothing changes.
   */
  decline(unit: string, ms: number): boolean;
  /** Returns the id of the owner of each unit, as far as this member knows. */
  owners(): ReadonlyMap<string, string>;
  /** Returns whether this member has renewed the lease of the unit within {@link LEASE_TTL_MS}, by its own monotonic clock. */
  holds(unit: string): boolean;
  /** Releases all units. */
  stop(): Promise<void>;
}

/** Time without a renewal after which a lease is over, and time without a sign of life after which a member is gone. */
export const LEASE_TTL_MS = 3000;
/** Longest time in which the work of a unit may end. */
export const RELEASE_WITHIN_MS = 10_000;
