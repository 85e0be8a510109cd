/** The connections to one host that its logs share. Connections for tree heads do not count. */
export interface Host {
  /** Maximum number of connections, in addition to the first one of each log. */
  readonly max: number;
  /** Connections taken now. */
  taken: number;
}

/** One connection of a log, for one request at a time. */
export interface Connection {
  /** Whether a request is under way on it. */
  isBusy: boolean;
  /** Whether it is reserved for the requests of a range of entries. */
  isKept: boolean;
  /** Whether the operator's pace allows the next request on it. */
  isPaid: boolean;
}

/**
 * LogConnections counts the connections of one log, except those for tree heads. Every log may have one. No log takes more than
 * remain free: a log that hangs leaves half of them, the next log that hangs leaves half of the rest, and so on.
 */
export class LogConnections {
  private readonly own = new Set<Connection>();

  /** @param maxParallel maximum number of connections of this log. */
  constructor(
    private readonly host: Host,
    private readonly maxParallel: number,
  ) {}

  /** A connection that is reserved for a range and on which no request is under way. */
  get idle(): Connection | undefined {
    for (const connection of this.own) if (!connection.isBusy) return connection;
    return undefined;
  }

  get mayConnect(): boolean {
    const { size } = this.own;
    return size < this.maxParallel && (size === 0 || size < this.host.max - this.host.taken);
  }

  /** Takes one more connection of the host. */
  connect(): Connection {
    const connection = { isBusy: false, isKept: false, isPaid: false };
    this.own.add(connection);
    this.host.taken++;
    return connection;
  }

  /** Returns the connection to the host, unless a request or a range still uses it. */
  leave(connection: Connection): void {
    if (!connection.isBusy && !connection.isKept && this.own.delete(connection)) this.host.taken--;
  }
}
