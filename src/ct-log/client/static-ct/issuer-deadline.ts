/** Longest time in which requests of one try are under way. The batch holds room of the budget of all logs meanwhile. */
const UNDER_WAY_MS = 10_000;
/** Longest time of one try, with the time in which all its requests wait for their turn in this server. */
const TRY_MS = 30_000;

/**
 * The time limits of one try for the issuers of a batch. The time in which every request waits for its turn in this server
 * is no fault of the log, so it has a limit of its own.
 */
export class IssuerDeadline {
  private readonly controller = new AbortController();
  private readonly end = (): void => this.controller.abort();
  private readonly lastTimer = setTimeout(this.end, TRY_MS);
  private timer: NodeJS.Timeout | undefined;
  private underWay = 0;
  private left = UNDER_WAY_MS;
  private since = 0;
  private hasFailed = false;

  constructor(private readonly parent: AbortSignal) {
    parent.addEventListener('abort', this.end);
  }

  /** Aborted when the time is over, or with the signal of the caller. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Reports that a request no longer waits for its turn. */
  sent(): void {
    if (this.underWay++ > 0) return;
    this.since = performance.now();
    this.timer = setTimeout(this.end, this.left);
  }

  /** Reports that a request ended after {@link sent}. */
  answered(): void {
    if (--this.underWay > 0) return;
    clearTimeout(this.timer);
    this.left -= performance.now() - this.since;
    if (this.hasFailed) this.end();
  }

  /** Reports a failure that ends the try. Requests under way continue; those that wait for their turn are given up after them. */
  failed(): void {
    this.hasFailed = true;
    if (this.underWay === 0) this.end();
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.lastTimer);
    this.parent.removeEventListener('abort', this.end);
  }
}
