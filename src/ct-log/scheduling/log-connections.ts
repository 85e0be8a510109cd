/** The connections to one host that its logs share, besides those for tree heads. */
export interface Host {
  /** How many there are, besides the first one of each log. */
  readonly max: number;
  /** How many are taken now. */
  taken: number;
}

/** One connection of a log, for one request at a time. */
export interface Connection {
  /** Whether a request is under way on it. */
  isBusy: boolean;
  /** Whether a range of entries keeps it for everything that is fetched for it. */
  isKept: boolean;
  /** Whether the operator's pace allows the next request on it. */
  isPaid: boolean;
}

/**
 * The connections of one log for everything but tree heads. Every log may have one; no log may have more of them than
 * are free afterwards: a log that hangs leaves half of them, the next one half of that, and so on.
 */
export class LogConnections {
  private readonly own = new Set<Connection>();

  /** @param maxParallel most connections of this log. */
  constructor(
    private readonly host: Host,
    private readonly maxParallel: number,
  ) {}

  /** A connection that a range keeps and on which no request is under way. */
  get idle(): Connection | undefined {
    for (const connection of this.own) if (!connection.isBusy) return connection;
    return undefined;
  }

  get mayConnect(): boolean {
    const { size } = this.own;
    return size < this.maxParallel && (size === 0 || size < this.host.max - this.host.taken);
  }

  /** Takes one more of the host's connections. */
  connect(): Connection {
    const connection = { isBusy: false, isKept: false, isPaid: false };
    this.own.add(connection);
    this.host.taken++;
    return connection;
  }

  /** Gives the connection back when no request and no range has it any more. */
  leave(connection: Connection): void {
    if (!connection.isBusy && !connection.isKept && this.own.delete(connection)) this.host.taken--;
  }
}
