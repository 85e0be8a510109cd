/** What one request, and its answer until it is delivered, may take. */
export interface Load {
  readonly entries: number;
  readonly bytes: number;
}

/** A share of a {@link FlightBudget}. */
export interface Lease {
  /** The answer took `bytes`, more or less than expected. */
  resize(bytes: number): void;
  /** Gives the share back, once. */
  release(): void;
}

/** What is asked for: what a log that keeps up wants next, what one that is behind wants next, or what lies behind that. */
export type Urgency = 'live' | 'behind' | 'ahead';

/** Of the whole, what may be taken when something is asked for: the rest is left to what is more urgent. */
const SHARES: Readonly<Record<Urgency, number>> = { live: 1, behind: 0.75, ahead: 0.5 };

interface Waiter {
  readonly load: Load;
  readonly urgency: () => Urgency;
  readonly admit: () => void;
}

/**
 * Bounds what all logs together have asked for and not yet delivered, by entries and by bytes. The most urgent goes
 * first, then whoever came first; more than the whole counts as all of it.
 */
export class FlightBudget {
  private usedEntries = 0;
  private usedBytes = 0;
  private readonly waiters: Waiter[] = [];

  constructor(private readonly capacity: Load) {}

  /** What is asked for and not yet delivered now. */
  get used(): Load {
    return { entries: this.usedEntries, bytes: this.usedBytes };
  }

  /**
   * Waits for room. Undefined when `signal` ended the wait.
   * @param urgency is looked at each time room is given back: what lies ahead may become what is wanted next.
   */
  async acquire(
    load: Load,
    signal: AbortSignal,
    urgency: () => Urgency = () => 'live',
  ): Promise<Lease | undefined> {
    if (signal.aborted) return undefined;
    const clamped = this.clamp(load);
    if (!this.isAdmitted(clamped, urgency())) {
      if (!(await this.wait(clamped, urgency, signal))) return undefined;
    } else this.take(clamped);
    return this.lease(clamped);
  }

  /** Room for something that may as well be asked for later: undefined when others wait or half of the whole is taken. */
  tryAcquire(load: Load): Lease | undefined {
    const clamped = this.clamp(load);
    if (!this.isAdmitted(clamped, 'ahead')) return undefined;
    this.take(clamped);
    return this.lease(clamped);
  }

  /** Whether {@link acquire} would not wait. */
  admits(load: Load, urgency: Urgency): boolean {
    return this.isAdmitted(this.clamp(load), urgency);
  }

  private isAdmitted(load: Load, urgency: Urgency): boolean {
    const share = SHARES[urgency];
    return this.hasRoom(load, share) && !this.waiters.some((waiter) => SHARES[waiter.urgency()] >= share);
  }

  private clamp({ entries, bytes }: Load): Load {
    return { entries: Math.min(entries, this.capacity.entries), bytes: Math.min(bytes, this.capacity.bytes) };
  }

  private hasRoom({ entries, bytes }: Load, share: number): boolean {
    if (this.usedEntries === 0) return true;
    return (
      this.usedEntries + entries <= this.capacity.entries * share &&
      this.usedBytes + bytes <= this.capacity.bytes * share
    );
  }

  private take({ entries, bytes }: Load): void {
    this.usedEntries += entries;
    this.usedBytes += bytes;
  }

  private lease({ entries, bytes: expected }: Load): Lease {
    let bytes = expected;
    let released = false;
    return {
      resize: (actual) => {
        if (released) return;
        this.usedBytes += actual - bytes;
        bytes = actual;
        this.admitNext();
      },
      release: () => {
        if (released) return;
        released = true;
        this.usedEntries -= entries;
        this.usedBytes -= bytes;
        this.admitNext();
      },
    };
  }

  private wait(load: Load, urgency: () => Urgency, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.remove(waiter);
        resolve(false);
        this.admitNext();
      };
      const waiter: Waiter = {
        load,
        urgency,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          this.take(load);
          resolve(true);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiters.push(waiter);
    });
  }

  private remove(waiter: Waiter): void {
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
  }

  private admitNext(): void {
    for (;;) {
      const shares = this.waiters.map((waiter) => SHARES[waiter.urgency()]);
      const share = Math.max(...shares);
      const first = this.waiters[shares.indexOf(share)];
      if (first === undefined || !this.hasRoom(first.load, share)) return;
      this.remove(first);
      first.admit();
    }
  }
}
