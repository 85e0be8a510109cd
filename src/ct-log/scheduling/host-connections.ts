/**
 * The connections to one host, shared by the logs there. Every log may have one; no log may have more of them than are
 * free afterwards: a log that hangs leaves half of them, the next one half of that, and so on.
 */
export class HostConnections {
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  /** @param max connections to the host at the same time, besides those for tree heads and the first one of each log. */
  constructor(private readonly max: number) {}

  /** Connections that are taken now. */
  get inUse(): number {
    return this.taken;
  }

  /** Takes one. @param own those that the log has already. @returns false when it has its share. */
  take(own: number): boolean {
    if (own > 0 && own >= this.max - this.taken) return false;
    this.taken++;
    return true;
  }

  /** Gives one back. */
  give(): void {
    this.taken--;
    this.changed();
  }

  /** Calls `tryAgain` whenever somebody may take one, in the order of arrival. @returns ends that. */
  wait(tryAgain: () => void): () => void {
    this.waiting.add(tryAgain);
    return () => this.waiting.delete(tryAgain);
  }

  /** Lets those who wait try again: one of them may have got what it waits for elsewhere. */
  changed(): void {
    for (const tryAgain of this.waiting) tryAgain();
  }
}
