import { pauseAfter } from '../../kernel/backoff.js';
import type { Gap } from '../state/gap-ledger.js';

const LONGEST_MS = 6 * 3_600_000;

/** When each gap is asked for next: after the first pause, then after twice as long with each try, up to six hours. */
export class RetrySchedule {
  private due = new Map<number, number>();

  constructor(
    private readonly firstMs: number,
    private readonly random: () => number,
  ) {}

  /** Takes note of the gaps of now. @returns those that are to be asked for, and milliseconds until the next one is. */
  plan(gaps: readonly Gap[], now: number): { readonly ready: readonly Gap[]; readonly pauseMs: number } {
    const waiting = gaps.filter(({ skipped }) => !skipped);
    this.due = new Map(waiting.map(({ from }) => [from, this.due.get(from) ?? now + this.pause(0)]));
    const ready = waiting.filter(({ from }) => this.due.get(from)! <= now);
    // A gap that is new by then is not due before.
    const next = Math.min(now + this.firstMs, ...this.due.values());
    return { ready, pauseMs: Math.max(0, next - now) };
  }

  /** The gap was asked for, `gap.tries` times altogether. */
  tried(gap: Gap, now: number): void {
    this.due.set(gap.from, now + this.pause(gap.tries));
  }

  /** Half of it at random, so that the gaps of one outage do not come back at the same moment. */
  private pause(tries: number): number {
    const { firstMs } = this;
    const longestMs = Math.max(firstMs, LONGEST_MS);
    return pauseAfter(tries + 1, { firstMs, longestMs, jitter: 0.5 }, this.random);
  }
}
