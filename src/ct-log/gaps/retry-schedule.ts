import { pauseAfter } from '../../kernel/backoff.js';
import type { Gap } from '../state/gap-ledger.js';

const LONGEST_MS = 6 * 3_600_000;

/** RetrySchedule says when each gap is requested next. The pause doubles with each try, up to six hours. */
export class RetrySchedule {
  private due = new Map<number, number>();

  constructor(
    private readonly firstMs: number,
    private readonly random: () => number,
  ) {}

  /** Replaces the scheduled gaps by `gaps`. @returns the gaps to request now, and the milliseconds until the next is due. */
  plan(gaps: readonly Gap[], now: number): { readonly ready: readonly Gap[]; readonly pauseMs: number } {
    const waiting = gaps.filter(({ skipped }) => !skipped);
    this.due = new Map(waiting.map(({ from }) => [from, this.due.get(from) ?? now + this.pause(0)]));
    const ready = waiting.filter(({ from }) => this.due.get(from)! <= now);
    // A gap that is recorded in the meantime is not due earlier than that.
    const next = Math.min(now + this.firstMs, ...this.due.values());
    return { ready, pauseMs: Math.max(0, next - now) };
  }

  /** Schedules the next try of a gap that was requested `gap.tries` times. */
  tried(gap: Gap, now: number): void {
    this.due.set(gap.from, now + this.pause(gap.tries));
  }

  /** Half of the pause is random, so that the gaps of one outage are not requested at the same moment. */
  private pause(tries: number): number {
    const { firstMs } = this;
    const longestMs = Math.max(firstMs, LONGEST_MS);
    return pauseAfter(tries + 1, { firstMs, longestMs, jitter: 0.5 }, this.random);
  }
}
