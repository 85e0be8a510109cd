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

interface Waiter {
  readonly load: Load;
  readonly admit: () => void;
}

/** Only those who wait for their first answer may take more than this share of the whole. */
const EXTRA_SHARE = 0.5;

/**
 * Bounds what all logs together have asked for and not yet delivered, by entries and by bytes. First come, first
 * served, so that nobody starves; more than the whole counts as all of it.
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

  /** Waits for room. Undefined when `signal` ended the wait. */
  async acquire(load: Load, signal: AbortSignal): Promise<Lease | undefined> {
    if (signal.aborted) return undefined;
    const clamped = this.clamp(load);
    if (this.waiters.length > 0 || !this.hasRoom(clamped, 1)) {
      if (!(await this.wait(clamped, signal))) return undefined;
    } else this.take(clamped);
    return this.lease(clamped);
  }

  /** Room for something that may as well be asked for later: undefined when others wait or half of the whole is taken. */
  tryAcquire(load: Load): Lease | undefined {
    const clamped = this.clamp(load);
    if (this.waiters.length > 0 || !this.hasRoom(clamped, EXTRA_SHARE)) return undefined;
    this.take(clamped);
    return this.lease(clamped);
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

  private wait(load: Load, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        resolve(false);
        this.admitNext();
      };
      const waiter: Waiter = {
        load,
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

  private admitNext(): void {
    for (let first = this.waiters[0]; first && this.hasRoom(first.load, 1); first = this.waiters[0]) {
      this.waiters.shift();
      first.admit();
    }
  }
}
