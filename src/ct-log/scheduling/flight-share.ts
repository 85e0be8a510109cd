import type { FlightBudget, Load, Operator, Urgency } from './flight-budget.js';
import { Lease } from './flight-lease.js';

/** What one log may take of a {@link FlightBudget}. */
export class FlightShare {
  /** Leases for gaps, and for everything else. */
  private spare = 0;
  private wanted = 0;
  private readonly operator: Operator;

  /** @param operator whose logs together take no more than they leave free. */
  constructor(
    private readonly budget: FlightBudget,
    operator: string,
  ) {
    this.operator = budget.operator(operator);
  }

  /** What all logs take now. */
  get used(): Load {
    return this.budget.used;
  }

  /** See {@link FlightBudget.guaranteed}. */
  get guaranteed(): Load {
    return this.budget.guaranteed;
  }

  /**
   * Whether there is room for `load`. A log that has nothing in flight may always ask for a little, whatever the others take;
   * what it has in flight for gaps does not count when it asks for anything else.
   */
  admits(load: Load, urgency: Urgency): boolean {
    const { guaranteed } = this;
    const isFirst = this.wanted === 0 && (urgency !== 'gap' || this.spare === 0);
    const isLittle = load.entries <= guaranteed.entries && load.bytes <= guaranteed.bytes;
    if (isFirst && (isLittle || load.entries === 1)) return true;
    return this.budget.hasRoom(this.operator, load, urgency);
  }

  /** Takes room for `load`, whether or not there is any. */
  take(load: Load, urgency: Urgency): Lease {
    const kind = urgency === 'gap' ? 'spare' : 'wanted';
    const { entries, bytes } = this.budget.capacity;
    const clamped = { entries: Math.min(load.entries, entries), bytes: Math.min(load.bytes, bytes) };
    this[kind]++;
    return new Lease(clamped, this.budget, this.operator, () => this[kind]--);
  }

  /** Room for something that may be left out as well: undefined when half of the whole is taken, or what {@link admits} says. */
  tryAcquire(load: Load): Lease | undefined {
    return this.admits(load, 'gap') ? this.take(load, 'gap') : undefined;
  }
}
