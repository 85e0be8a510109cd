import type { Clock } from '../../kernel/clock.js';

/** What one request, and its answer until it is delivered, may take. */
export interface Load {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * What is asked for. `live`: what a log that keeps up wants next. `behind`: what a log with a backlog wants next. `ahead`: what
 * comes after that.
 */
export type Urgency = 'live' | 'behind' | 'ahead';

/** Share of the whole that requests of each urgency may fill. The rest is kept for more urgent ones. */
export const SHARES: Readonly<Record<Urgency, number>> = { live: 1, behind: 0.75, ahead: 0.5 };
/** Of the whole, what a log that has nothing in flight may take however much is taken. */
const GUARANTEED_SHARE = 1 / 32;
interface Waiter {
  readonly admits: () => boolean;
  readonly urgency: () => Urgency;
  readonly admit: () => void;
}

/** What the logs of one operator take. */
export interface Operator {
  entries: number;
  bytes: number;
}

/**
 * Bounds what all logs together have asked for and not yet delivered, by entries and by bytes. No operator takes more
 * than it leaves free, and room is not kept for answers that do not come, so that logs that hang or
 * flood hold up no other. More than the whole counts as all of it.
 */
export class FlightBudget {
  private readonly waiters: Waiter[] = [];
  private readonly operators = new Map<string, Operator>();
  private usedEntries = 0;
  private usedBytes = 0;

  constructor(
    readonly capacity: Load,
    readonly clock: Pick<Clock, 'after'>,
  ) {}

  /** What counts now. */
  get used(): Load {
    return { entries: this.usedEntries, bytes: this.usedBytes };
  }

  /** What the logs of an operator take now. The object stays the same. */
  operator(name: string): Operator {
    let own = this.operators.get(name);
    if (own === undefined) this.operators.set(name, (own = { entries: 0, bytes: 0 }));
    return own;
  }

  /** Whether there is room for `load` of an operator. */
  hasRoom(own: Operator, { entries, bytes }: Load, urgency: Urgency): boolean {
    const { capacity, usedEntries, usedBytes } = this;
    const share = SHARES[urgency];
    return (
      usedEntries + entries <= capacity.entries * share &&
      usedBytes + bytes <= capacity.bytes * share &&
      (own.entries === 0 || own.entries + entries <= capacity.entries - usedEntries) &&
      (own.bytes === 0 || own.bytes + bytes <= capacity.bytes - usedBytes)
    );
  }

  /** What is admitted at once, whatever is taken, for a log that has nothing in flight. */
  get guaranteed(): Load {
    const { entries, bytes } = this.capacity;
    return {
      entries: Math.max(1, Math.floor(entries * GUARANTEED_SHARE)),
      bytes: Math.floor(bytes * GUARANTEED_SHARE),
    };
  }

  charge(own: Operator, entries: number, bytes: number): void {
    own.entries += entries;
    own.bytes += bytes;
    this.usedEntries += entries;
    this.usedBytes += bytes;
    if (entries < 0 || bytes < 0) this.admitWaiting();
  }

  /** Resolves when `admits` holds and it is the waiter's turn, with true; or with false when `signal` ended the wait. */
  wait(
    admits: () => boolean,
    urgency: () => Urgency,
    admitted: () => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        resolve(false);
      };
      const waiter: Waiter = {
        admits,
        urgency,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          admitted();
          resolve(true);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiters.push(waiter);
    });
  }

  /** The most urgent first, then those that came first; one that needs much does not hold up one that needs little. */
  admitWaiting(): void {
    for (const urgency of ['live', 'behind', 'ahead'] as const) {
      for (const waiter of this.waiters.filter((each) => each.urgency() === urgency)) {
        if (!waiter.admits()) continue;
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        waiter.admit();
      }
    }
  }
}
