import type { FlightBudget, Load, Operator, Urgency } from './flight-budget.js';
import { Lease } from './flight-lease.js';

/** FlightShare is the view of one log on a {@link FlightBudget}. */
export class FlightShare {
  /** Number of leases for gaps. */
  private spare = 0;
  /** Number of all other leases. */
  private wanted = 0;
  private readonly operator: Operator;

  /** @param operator name of the operator, whose logs together take no more than they leave free. */
  constructor(
    private readonly budget: FlightBudget,
    operator: string,
  ) {
    this.operator = budget.operator(operator);
  }

  /** The part of the budget that all logs take now. */
  get used(): Load {
    return this.budget.used;
  }

  /** See {@link FlightBudget.guaranteed}. */
  get guaranteed(): Load {
    return this.budget.guaranteed;
  }

  /**
   * Whether there is room for `load`. A log with nothing in flight may always take the guaranteed part, whatever other logs
   * take. Its requests for gaps do not count as in flight for a request of another urgency.
   */
  admits(load: Load, urgency: Urgency): boolean {
    const { guaranteed } = this;
    const isFirst = this.wanted === 0 && (urgency !== 'gap' || this.spare === 0);
    const isLittle = load.entries <= guaranteed.entries && load.bytes <= guaranteed.bytes;
    if (isFirst && (isLittle || load.entries === 1)) return true;
    return this.budget.hasRoom(this.operator, load, urgency);
  }

  /** Takes room for `load`, even if there is none. */
  take(load: Load, urgency: Urgency): Lease {
    const kind = urgency === 'gap' ? 'spare' : 'wanted';
    const { entries, bytes } = this.budget.capacity;
    const clamped = { entries: Math.min(load.entries, entries), bytes: Math.min(load.bytes, bytes) };
    this[kind]++;
    return new Lease(clamped, this.budget, this.operator, () => this[kind]--);
  }

  /** Takes room with the lowest urgency. @returns undefined when {@link admits} refuses it. */
  tryAcquire(load: Load): Lease | undefined {
    return this.admits(load, 'gap') ? this.take(load, 'gap') : undefined;
  }
}
