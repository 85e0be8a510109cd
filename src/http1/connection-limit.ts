/** The connections to one origin, as {@link ConnectionLimit} sees them. */
interface LimitedConnections {
  /** Number of connections. */
  readonly size: number;
  /** Sends waiting requests while there are connections for them. */
  advance(): void;
  /** Closes an idle connection. @returns false if there is none. */
  closeIdle(): boolean;
}

/**
 * Bounds the connections to all origins together. Origins that need one wait in turn. Idle connections are closed for them, and origins that
 * have more connections give one up after a response.
 */
export class ConnectionLimit {
  private taken = 0;
  private readonly waiting = new Set<LimitedConnections>();

  constructor(
    private readonly max: number,
    private readonly origins: () => Iterable<LimitedConnections>,
  ) {}

  get isAwaited(): boolean {
    return this.waiting.size > 0;
  }

  /** Reports whether `origin` must close a connection for another one: one that waits without a connection, or with fewer of them. */
  isOwedBy(origin: LimitedConnections): boolean {
    for (const { size } of this.waiting) if (size === 0 || size + 1 < origin.size) return true;
    return false;
  }

  take(): void {
    this.taken++;
  }

  /** Call it when a connection is closed. */
  release(): void {
    this.taken--;
    // An origin whose requests were given up meanwhile needs no place.
    for (const next of this.waiting) {
      if (this.isFull) return;
      this.waiting.delete(next);
      next.advance();
    }
  }

  /** Reports whether `origin` may connect. If not, the origin is advanced when a place is free. */
  admits(origin: LimitedConnections): boolean {
    if (!this.isFull) return true;
    this.waiting.add(origin);
    for (const other of this.origins()) if (other.closeIdle()) break;
    return false;
  }

  private get isFull(): boolean {
    return this.taken >= this.max;
  }
}
