import type { Clock } from '../../kernel/clock.js';

/** Entries and bytes of one request, from when it is sent until its answer is delivered. */
export interface Load {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * The urgencies of requests, the most urgent first. `head`: a tree head. `live`: the next entries of a log that keeps up.
 * `behind`: the next entries of a log with a backlog. `ahead`: entries after the next ones. `gap`: entries of a gap.
 */
export const URGENCIES = ['head', 'live', 'behind', 'ahead', 'gap'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** The share of the budget that requests of each urgency may fill. The rest is reserved for more urgent requests. */
const SHARES: Readonly<Record<Urgency, number>> = {
  head: 1,
  live: 1,
  behind: 0.75,
  ahead: 0.5,
  gap: 0.5,
};
/** The share of the budget that a log with nothing in flight may always take. */
const GUARANTEED_SHARE = 1 / 32;

/** The part of the budget that the logs of one operator use now. */
export interface Operator {
  entries: number;
  bytes: number;
}

/**
 * FlightBudget bounds the entries and bytes that all logs together have requested and not yet delivered. No operator takes more
 * than it leaves free, and no room is reserved for answers that do not arrive: logs that hang or flood do not hold up other
 * logs. A request larger than the budget counts as the whole budget.
 */
export class FlightBudget {
  private readonly operators = new Map<string, Operator>();
  private usedEntries = 0;
  private usedBytes = 0;

  /** @param onRoom called after a part of the budget is released. */
  constructor(
    readonly capacity: Load,
    readonly clock: Pick<Clock, 'after'>,
    readonly onRoom: () => void = () => undefined,
  ) {}

  /** The part of the budget that is taken now. */
  get used(): Load {
    return { entries: this.usedEntries, bytes: this.usedBytes };
  }

  /** The part that the logs of an operator take now. Further calls return the same object, which is updated. */
  operator(name: string): Operator {
    let own = this.operators.get(name);
    if (own === undefined) this.operators.set(name, (own = { entries: 0, bytes: 0 }));
    return own;
  }

  /** Whether `load` of an operator fits. A load that does not fit into the empty budget is reduced to what does. */
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

  /** The load that a log with nothing in flight may always take. */
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
