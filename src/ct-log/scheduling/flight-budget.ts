import type { Clock } from '../../kernel/clock.js';

/** What one request, and its answer until it is delivered, may take. */
export interface Load {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * What is asked for, the most urgent first. `head`: a tree head. `live`: what a log that keeps up wants next. `behind`: what a
 * log with a backlog wants next. `ahead`: what comes after that. `gap`: what may as well be asked for later.
 */
export const URGENCIES = ['head', 'live', 'behind', 'ahead', 'gap'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** The share of the whole that requests of each urgency may fill. The rest is kept for more urgent ones. */
export const SHARES: Readonly<Record<Urgency, number>> = {
  head: 1,
  live: 1,
  behind: 0.75,
  ahead: 0.5,
  gap: 0.5,
};
/** The share of the whole that a log with nothing in flight may take, however much is taken. */
const GUARANTEED_SHARE = 1 / 32;

/** What the logs of one operator take. */
export interface Operator {
  entries: number;
  bytes: number;
}

/**
 * Bounds what all logs together have asked for and not yet delivered, by entries and by bytes. No operator takes more
 * than it leaves free, and no room is kept for answers that do not come, so that logs that hang or
 * flood hold up no other log. More than the whole counts as all of it.
 */
export class FlightBudget {
  private readonly operators = new Map<string, Operator>();
  private usedEntries = 0;
  private usedBytes = 0;

  /** @param onRoom called when a part of the budget was given back. */
  constructor(
    readonly capacity: Load,
    readonly clock: Pick<Clock, 'after'>,
    readonly onRoom: () => void = () => undefined,
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

  /** Whether there is room for `load` of an operator, or for as much of it as the empty budget has room for. */
  hasRoom(own: Operator, load: Load, urgency: Urgency): boolean {
    const { capacity, usedEntries, usedBytes } = this;
    const mostEntries = Math.floor(capacity.entries * SHARES[urgency]);
    const mostBytes = Math.floor(capacity.bytes * SHARES[urgency]);
    const entries = Math.min(load.entries, mostEntries);
    const bytes = Math.min(load.bytes, mostBytes);
    return (
      usedEntries + entries <= mostEntries &&
      usedBytes + bytes <= mostBytes &&
      (own.entries === 0 || own.entries + entries <= capacity.entries - usedEntries) &&
      (own.bytes === 0 || own.bytes + bytes <= capacity.bytes - usedBytes)
    );
  }

  /** What a log that has nothing in flight may always take. */
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
    if (entries < 0 || bytes < 0) this.onRoom();
  }
}
