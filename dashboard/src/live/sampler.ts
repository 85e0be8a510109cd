export interface SamplerOptions {
  /** Items to choose per tick on average, and at most in one tick. */
  readonly perTick: number;
  readonly burst: number;
  /** Returns a number from 0 to 1, without 1. */
  readonly random?: () => number;
}

/**
 * Chooses which of the items of a tick are shown. Below the rate it chooses all. Above the rate it chooses a uniform sample of each
 * tick in the order of arrival. It holds only the chosen items.
 */
export class Sampler<T> {
  private allowance: number;
  private room: number;
  private offered = 0;
  private readonly chosen: { readonly at: number; readonly item: T }[] = [];
  private readonly random: () => number;

  constructor(private readonly options: SamplerOptions) {
    this.random = options.random ?? Math.random;
    this.allowance = options.burst;
    this.room = Math.floor(this.allowance);
  }

  /** Takes an item in constant time (algorithm R of Waterman). */
  offer(item: T): void {
    const at = this.offered++;
    if (this.chosen.length < this.room) {
      this.chosen.push({ at, item });
      return;
    }
    if (this.room === 0) return;
    const slot = Math.floor(this.random() * this.offered);
    if (slot < this.room) this.chosen[slot] = { at, item };
  }

  /** Ends the tick. @returns the chosen items in the order of their arrival. */
  take(): T[] {
    const items = this.chosen
      .splice(0)
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
    this.offered = 0;
    this.allowance = Math.min(this.options.burst, this.allowance - items.length + this.options.perTick);
    this.room = Math.floor(this.allowance);
    return items;
  }
}
