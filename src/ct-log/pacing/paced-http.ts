import { CtAbortedError, isRateLimited } from '../ct-log-error.js';
import type { CtHttp, CtHttpRequest } from '../http/ct-http.js';
import type { OperatorPacer, PacedParty } from './operator-pacer.js';

export interface PacedHttpOptions {
  readonly pacer: OperatorPacer;
  /** Most requests of this log at the same time, besides those for tree heads. */
  readonly maxParallel: number;
  readonly reuseConnections: boolean;
}

/** All requests for one log: in turn with the other logs of its operator, and few at a time. */
export class PacedHttp implements CtHttp {
  /** Whether the log is behind: its requests for entries then let those of other logs go first. */
  isBacklog = false;
  private readonly heads: PacedParty = { isHead: true };
  private readonly others: PacedParty = { isHead: false };
  private underWay = 0;
  private readonly queue = new Set<() => void>();

  constructor(
    private readonly http: CtHttp,
    private readonly options: PacedHttpOptions,
  ) {}

  async get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    const { signal } = request;
    if (request.isHead === true) return this.paced(url, request, this.heads, true);
    if (this.underWay >= this.options.maxParallel) {
      if (!(await this.isAdmitted(signal))) throw new CtAbortedError(url);
    } else this.underWay++;
    try {
      return await this.paced(url, request, this.others, !this.isBacklog);
    } finally {
      const [next] = this.queue;
      if (next === undefined) this.underWay--;
      else next();
    }
  }

  /** The log is not asked any more. */
  close(): void {
    this.options.pacer.forget(this.heads);
    this.options.pacer.forget(this.others);
  }

  /** Waits for another request to end. False: `signal` ended the wait. */
  private isAdmitted(signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true) return Promise.resolve(false);
    return new Promise((resolve) => {
      const leave = (isAdmitted: boolean): void => {
        signal?.removeEventListener('abort', giveUp);
        this.queue.delete(admit);
        resolve(isAdmitted);
      };
      const admit = (): void => leave(true);
      const giveUp = (): void => leave(false);
      signal?.addEventListener('abort', giveUp);
      this.queue.add(admit);
    });
  }

  private async paced(
    url: string,
    request: CtHttpRequest,
    party: PacedParty,
    isLive: boolean,
  ): Promise<Buffer> {
    const { pacer, reuseConnections } = this.options;
    const { signal } = request;
    const turn = signal?.aborted === true ? undefined : pacer.admit(isLive, signal);
    if (turn !== undefined) await turn;
    if (signal?.aborted === true) throw new CtAbortedError(url);
    try {
      const body = await this.http.get(
        url,
        reuseConnections ? request : { ...request, reuseConnection: false },
      );
      pacer.succeeded(party);
      return body;
    } catch (error) {
      if (isRateLimited(error)) pacer.limited(party, error.retryAfterMs);
      throw error;
    }
  }
}
