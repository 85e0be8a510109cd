import type { Clock } from './clock.js';

/** What one request, and its answer until it is delivered, may take. */
export interface Load {
  readonly entries: number;
  readonly bytes: number;
}

/** A part of a {@link FlightBudget}. */
export interface Lease {
  /**
   * `bytes` more of the answer have come.
   * @returns false when there is no room for an answer that is much larger or much later than expected.
   */
  arriving(bytes: number): boolean;
  /** The answer is there and takes `bytes`. @returns false when there is no room for it, as with {@link arriving}. */
  resize(bytes: number): boolean;
  /** Gives the room back, once. */
  release(): void;
}

/** What is asked for: what a log that keeps up wants next, what one that is behind wants next, or what lies behind that. */
export type Urgency = 'live' | 'behind' | 'ahead';

/** Of the whole, what may be taken when something is asked for: the rest is left to what is more urgent. */
const SHARES: Readonly<Record<Urgency, number>> = { live: 1, behind: 0.75, ahead: 0.5 };
/** Room is kept this long for an answer that has not come. Later, only those octets count that have. */
const LAPSE_MS = 1000;
/** Of the whole, what a log that has nothing in flight may take however much is taken. */
const GUARANTEED_SHARE = 1 / 32;
/** An answer may be so many times larger than expected, base64 and JSON included, before it has to fit into what is free. */
const EXPECTED_EXCESS = 2;

interface Waiter {
  readonly admits: () => boolean;
  readonly urgency: () => Urgency;
  readonly admit: () => void;
}

/** What the logs of one operator take. */
interface Operator {
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

  /** The part of one log. */
  share(operator: string): FlightShare {
    let own = this.operators.get(operator);
    if (own === undefined) this.operators.set(operator, (own = { entries: 0, bytes: 0 }));
    return new FlightShare(this, own);
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

/** What one log may take of a {@link FlightBudget}. */
export class FlightShare {
  private readonly leases = new Map<AbortSignal, BudgetLease>();
  /** Leases of {@link acquire}, and of {@link tryAcquire}. */
  private held = 0;
  private tried = 0;

  constructor(
    private readonly budget: FlightBudget,
    private readonly operator: Operator,
  ) {}

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

class BudgetLease implements Lease {
  private charged: Load = { entries: 0, bytes: 0 };
  private arrived = 0;
  private isLapsed = false;
  private isReleased = false;
  private readonly cancelLapse: () => void;

  constructor(
    private readonly load: Load,
    private readonly budget: FlightBudget,
    private readonly operator: Operator,
    private readonly onRelease: () => void,
  ) {
    this.charge(load.entries, load.bytes);
    this.cancelLapse = budget.clock.after(LAPSE_MS, () => this.lapse());
  }

  arriving(bytes: number): boolean {
    this.arrived += bytes;
    const isExpected = !this.isLapsed && this.arrived <= EXPECTED_EXCESS * this.load.bytes;
    if (this.isReleased || !(isExpected || this.hasRoom(this.arrived))) return false;
    if (this.arrived > this.charged.bytes) this.charge(this.load.entries, this.arrived);
    return true;
  }

  resize(bytes: number): boolean {
    if (this.isReleased) return false;
    this.cancelLapse();
    if (bytes > EXPECTED_EXCESS * this.load.bytes && !this.hasRoom(bytes)) return false;
    this.charge(this.load.entries, bytes);
    return true;
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.cancelLapse();
    this.onRelease();
    this.charge(0, 0);
    // Also when nothing was charged any more: the log may have something else in flight now.
    this.budget.admitWaiting();
  }

  /**
   * Whether so many bytes fit: what is guaranteed always does, and anything while nobody else has taken anything, or it would
   * never come. Else the operator may take no more than it leaves free.
   */
  private hasRoom(bytes: number): boolean {
    const { budget, charged, operator } = this;
    const others = budget.used.bytes - charged.bytes;
    const own = operator.bytes - charged.bytes + bytes;
    return bytes <= budget.guaranteed.bytes || others === 0 || own <= budget.capacity.bytes - others - bytes;
  }

  private lapse(): void {
    this.isLapsed = true;
    this.charge(this.arrived > 0 ? this.load.entries : 0, this.arrived);
  }

  private charge(entries: number, bytes: number): void {
    const { charged } = this;
    this.charged = { entries, bytes };
    this.budget.charge(this.operator, entries - charged.entries, bytes - charged.bytes);
  }
}
