import type { Clock } from './clock.js';

/** A pause of one loop that another one may cut short. */
export class Alarm {
  private wake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Resolves after `ms`, or at the next {@link ring}; Infinity waits for that alone. One wait at a time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = ms === Infinity ? undefined : this.clock.after(ms, () => this.ring());
      this.wake = () => {
        cancel?.();
        resolve();
      };
    });
  }

  /** Ends the wait that is under way; without one nothing happens. */
  ring(): void {
    const { wake } = this;
    this.wake = undefined;
    wake?.();
  }
}
