interface Waiter {
  readonly weight: number;
  readonly admit: () => void;
}

/** Bounds what is under way over all users together; first come, first served, so that nobody starves. */
export class WeightedSemaphore {
  private used = 0;
  private readonly waiters: Waiter[] = [];

  constructor(private readonly capacity: number) {}

  /**
   * Waits for room for `weight`; more than the whole capacity counts as all of it.
   * @returns gives the room back, once. Undefined when `signal` ended the wait.
   */
  async acquire(weight: number, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    const clamped = Math.min(weight, this.capacity);
    if (this.waiters.length > 0 || this.used + clamped > this.capacity) {
      if (!(await this.wait(clamped, signal))) return undefined;
    } else this.used += clamped;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.used -= clamped;
      this.admitNext();
    };
  }

  private wait(weight: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        resolve(false);
        this.admitNext();
      };
      const waiter: Waiter = {
        weight,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          this.used += weight;
          resolve(true);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiters.push(waiter);
    });
  }

  private admitNext(): void {
    for (
      let first = this.waiters[0];
      first && this.used + first.weight <= this.capacity;
      first = this.waiters[0]
    ) {
      this.waiters.shift();
      first.admit();
    }
  }
}
