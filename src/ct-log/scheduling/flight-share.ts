import { type FlightBudget, type Load, type Operator, SHARES, type Urgency } from './flight-budget.js';
import { BudgetLease, type Lease } from './flight-lease.js';

/** What one log may take of a {@link FlightBudget}. */
export class FlightShare {
  private readonly leases = new Map<AbortSignal, BudgetLease>();
  /** Leases of {@link acquire}, and of {@link tryAcquire}. */
  private held = 0;
  private tried = 0;

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
   * Waits for room. Undefined when `signal` ended the wait.
   * @param signal of the request that is sent then; see {@link leaseOf}.
   * @param urgency is looked at each time room is given back: what lies ahead may become what is wanted next.
   */
  async acquire(
    load: Load,
    signal: AbortSignal,
    urgency: () => Urgency = () => 'live',
  ): Promise<Lease | undefined> {
    if (signal.aborted) return undefined;
    if (this.admits(load, urgency())) return this.acquired(load, signal);
    const { budget } = this;
    let lease: Lease | undefined;
    const take = (): void => void (lease = this.acquired(load, signal));
    await budget.wait(() => this.admits(load, urgency()), urgency, take, signal);
    return lease;
  }

  /**
   * Room for something that may as well be asked for later: undefined when half of the whole is taken, but for a little when
   * nothing of the log is in flight. That does not count when {@link acquire} is asked for as much.
   */
  tryAcquire(load: Load, signal?: AbortSignal): Lease | undefined {
    const admits = this.tried === 0 ? this.admits(load, 'ahead') : this.hasRoom(load, 'ahead');
    if (!admits) return undefined;
    this.tried++;
    return this.take(load, signal, () => this.tried--);
  }

  /** Whether {@link acquire} would not wait. */
  admits(load: Load, urgency: Urgency): boolean {
    const { guaranteed } = this;
    if (this.held === 0) {
      const isLittle = load.entries <= guaranteed.entries && load.bytes <= guaranteed.bytes;
      if (isLittle || load.entries === 1) return true;
    }
    return this.hasRoom(load, urgency);
  }

  /** The lease of the request with this signal, while it is under way. */
  leaseOf(signal: AbortSignal | undefined): Lease | undefined {
    return signal && this.leases.get(signal);
  }

  private hasRoom(load: Load, urgency: Urgency): boolean {
    return this.budget.hasRoom(this.operator, this.clamp(load, urgency), urgency);
  }

  /** To what there is room for when nobody else has taken anything. */
  private clamp({ entries, bytes }: Load, urgency: Urgency): Load {
    const { capacity } = this.budget;
    return {
      entries: Math.min(entries, Math.floor(capacity.entries * SHARES[urgency])),
      bytes: Math.min(bytes, Math.floor(capacity.bytes * SHARES[urgency])),
    };
  }

  private acquired(load: Load, signal: AbortSignal): Lease {
    this.held++;
    return this.take(load, signal, () => this.held--);
  }

  private take(load: Load, signal: AbortSignal | undefined, onRelease: () => void): Lease {
    const { budget, operator } = this;
    const { entries, bytes } = budget.capacity;
    const clamped = { entries: Math.min(load.entries, entries), bytes: Math.min(load.bytes, bytes) };
    const lease = new BudgetLease(clamped, budget, operator, () => {
      onRelease();
      if (signal !== undefined && this.leases.get(signal) === lease) this.leases.delete(signal);
    });
    if (signal !== undefined) this.leases.set(signal, lease);
    return lease;
  }
}
