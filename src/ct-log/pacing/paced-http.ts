import { CtAbortedError, isRateLimited } from '../ct-log-error.js';
import type { CtHttp, CtHttpRequest } from '../http/ct-http.js';
import type { OperatorPacer, PacedParty } from './operator-pacer.js';

export interface PacedHttpOptions {
  readonly pacer: OperatorPacer;
  /** Most requests of this log at the same time, besides those for tree heads. */
  readonly maxParallel: number;
  readonly reuseConnections: boolean;
}

type Send<T> = (request: CtHttpRequest) => Promise<T>;

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

  get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    return this.inTurn(url, request, (paced) => this.http.get(url, paced));
  }

  read<T>(url: string, request: CtHttpRequest, use: (body: Buffer) => T): Promise<T> {
    return this.inTurn(url, request, (paced) => this.http.read(url, paced, use));
  }

  private async inTurn<T>(url: string, request: CtHttpRequest, send: Send<T>): Promise<T> {
    const { signal } = request;
    if (request.isHead === true) return this.paced(url, request, this.heads, true, send);
    if (this.underWay >= this.options.maxParallel) {
      if (!(await this.isAdmitted(signal))) throw new CtAbortedError(url);
    } else this.underWay++;
    try {
      return await this.paced(url, request, this.others, !this.isBacklog, send);
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

  private async paced<T>(
    url: string,
    request: CtHttpRequest,
    party: PacedParty,
    isLive: boolean,
    send: Send<T>,
  ): Promise<T> {
    const { pacer, reuseConnections } = this.options;
    const { signal } = request;
    const turn = signal?.aborted === true ? undefined : pacer.admit(isLive, signal);
    if (turn !== undefined) await turn;
    if (signal?.aborted === true) throw new CtAbortedError(url);
    try {
      const answer = await send(reuseConnections ? request : { ...request, reuseConnection: false });
      pacer.succeeded(party);
      return answer;
    } catch (error) {
      if (isRateLimited(error)) pacer.limited(party, error.retryAfterMs);
      throw error;
    }
  }
}
