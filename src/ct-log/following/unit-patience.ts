import { pauseAfter } from '../../kernel/backoff.js';
import type { Clock } from '../../kernel/clock.js';

/** Time for which a member tries to follow a log before it leaves the lease to another member. */
const TRY_MS = 10_000;
const PAUSES = { firstMs: 60_000, longestMs: 3_600_000 };

/**
 * UnitPatience decides when a member of a cluster has tried for long enough to follow a log whose lease it holds, and for how long it
 * then leaves the unit to the other members: a minute, and twice as long each further time.
 */
export class UnitPatience {
  /** Since when each log cannot be followed, monotonic milliseconds, by unit and key of the log. */
  private readonly failing = new Map<string, Map<string, number>>();
  /** How often each unit was left to others since its logs were followed. */
  private readonly left = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'now' | 'random'>) {}

  /** Call it after each try that failed. @returns whether the unit should be left to another member. */
  failed(unit: string, key: string): boolean {
    let keys = this.failing.get(unit);
    if (keys === undefined) this.failing.set(unit, (keys = new Map()));
    const since = keys.get(key) ?? this.clock.now();
    keys.set(key, since);
    return this.clock.now() - since >= TRY_MS;
  }

  /** Call it when a log is followed. */
  succeeded(unit: string, key: string): void {
    const keys = this.failing.get(unit);
    keys?.delete(key);
    if ((keys?.size ?? 0) > 0) return;
    this.failing.delete(unit);
    this.left.delete(unit);
  }

  /** Begins again with a unit. */
  forget(unit: string): void {
    this.failing.delete(unit);
  }

  /** Returns for how long the unit should be left to others now, milliseconds. */
  pause(unit: string): number {
    return pauseAfter((this.left.get(unit) ?? 0) + 1, PAUSES, () => this.clock.random());
  }

  /** Call it when the unit is left to others. */
  leave(unit: string): void {
    this.forget(unit);
    this.left.set(unit, (this.left.get(unit) ?? 0) + 1);
  }
}
