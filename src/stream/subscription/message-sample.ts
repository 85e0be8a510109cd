/** A client may get the messages of this number of seconds at once. */
const BURST_SECONDS = 2;

export interface SampleSources {
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** Returns a number from 0 to 1, without 1. */
  readonly random?: () => number;
}

/**
 * Chooses the messages of a client that wants at most some per second (`?sample=`), and counts the others. Below the rate it chooses
 * all. Above the rate it chooses a random part of each batch.
 */
export class MessageSample {
  /** Messages since the last {@link takeLeftOut} that were not chosen. */
  leftOut = 0;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly most: number;
  private allowed: number;
  private since: number;

  /** @param perSecond messages per second, on average over two seconds. */
  constructor(
    private readonly perSecond: number,
    { now = () => performance.now(), random = Math.random }: SampleSources = {},
  ) {
    this.now = now;
    this.random = random;
    this.allowed = this.most = perSecond * BURST_SECONDS;
    this.since = now();
  }

  /** Returns the positions that are sent, ascending. @param positions ascending. */
  choose(positions: ArrayLike<number>): ArrayLike<number> {
    const now = this.now();
    this.allowed = Math.min(this.most, this.allowed + ((now - this.since) / 1000) * this.perSecond);
    this.since = now;
    const count = Math.min(positions.length, Math.floor(this.allowed));
    this.allowed -= count;
    this.leftOut += positions.length - count;
    return count === positions.length ? positions : this.some(positions, count);
  }

  /** Returns the number of messages that were not chosen since the last call. */
  takeLeftOut(): number {
    const { leftOut } = this;
    this.leftOut = 0;
    return leftOut;
  }

  /** Each set of positions is equally probable (algorithm S of Knuth). */
  private some(positions: ArrayLike<number>, count: number): number[] {
    const chosen: number[] = [];
    for (let i = 0; chosen.length < count; i++)
      if (this.random() * (positions.length - i) < count - chosen.length) chosen.push(positions[i]);
    return chosen;
  }
}
