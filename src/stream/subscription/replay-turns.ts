/**
 * Lets one replay work in each turn of the event loop, in the order of their requests, so that any number of replays delays live
 * messages by one step only.
 */
export class ReplayTurns {
  private readonly waiting: (() => void)[] = [];
  private isScheduled = false;

  /** Resolves when it is the turn of the caller, which then works for a few milliseconds at most. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.waiting.shift()?.();
      if (this.waiting.length > 0) this.schedule();
    });
  }
}
