import { CtAbortedError, isRateLimited } from '../ct-log-error.js';
import type { CtHttp, CtHttpRequest } from '../http/ct-http.js';
import type { Clock } from '../tailing/clock.js';
import type { HostConnections } from './host-connections.js';
import type { OperatorPacer, PacedParty } from './operator-pacer.js';

export interface PacedHttpOptions {
  readonly pacer: OperatorPacer;
  /** Shared with the other logs of the host. */
  readonly connections: HostConnections;
  /** Most requests of this log at the same time, besides those for tree heads. */
  readonly maxParallel: number;
  readonly reuseConnections: boolean;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
}

/** The right to send one request now. */
export interface Turn {
  /** Whatever became of it. */
  end(): void;
}

const NEVER = new AbortController().signal;

type Send<T> = (request: CtHttpRequest) => Promise<T>;

/** All requests for one log: in turn with the other logs of its operator and of its host, and few at a time. */
export class PacedHttp implements CtHttp {
  /** Whether the log is behind: its requests for entries then let those of other logs go first. */
  isBacklog = false;
  private readonly heads: PacedParty = { isHead: true };
  private readonly others: PacedParty = { isHead: false };
  private underWay = 0;
  /** Turns without a request so far. */
  private readonly unused = new Set<Turn>();
  /** The log asked not to be asked before that time. */
  private quietUntil = -Infinity;

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

  /**
   * Waits until the log may be asked. Until the turn ends, the next request that is none for a tree head goes out at once:
   * what that needs besides is not held by those who still wait.
   * @returns undefined when `signal` ended the wait.
   */
  async turn(signal: AbortSignal): Promise<Turn | undefined> {
    if (!(await this.enter(signal))) return undefined;
    const turn: Turn = {
      end: () => {
        if (this.unused.delete(turn)) this.leave();
      },
    };
    this.unused.add(turn);
    return turn;
  }

  /** The log is not asked any more. */
  close(): void {
    this.options.pacer.forget(this.heads);
    this.options.pacer.forget(this.others);
  }

  private async inTurn<T>(url: string, request: CtHttpRequest, send: Send<T>): Promise<T> {
    const { signal } = request;
    if (request.isHead === true) {
      if (!(await this.paced(true, signal))) throw new CtAbortedError(url);
      return this.answered(request, this.heads, send);
    }
    const [turn] = this.unused;
    if (turn !== undefined) this.unused.delete(turn);
    else if (!(await this.enter(signal))) throw new CtAbortedError(url);
    try {
      if (signal?.aborted === true) throw new CtAbortedError(url);
      return await this.answered(request, this.others, send);
    } finally {
      this.leave();
    }
  }

  /** False: `signal` ended the wait. */
  private async enter(signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true || (!this.isEntered() && !(await this.isAdmitted(signal)))) return false;
    if (await this.paced(!this.isBacklog, signal)) return true;
    this.leave();
    return false;
  }

  private isEntered(): boolean {
    const { connections, maxParallel } = this.options;
    if (this.underWay >= maxParallel || !connections.take(this.underWay)) return false;
    this.underWay++;
    return true;
  }

  private leave(): void {
    this.underWay--;
    this.options.connections.give();
  }

  /** Waits for other requests to end. False: `signal` ended the wait. */
  private isAdmitted(signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isAdmitted: boolean): void => {
        signal?.removeEventListener('abort', giveUp);
        stopWaiting();
        resolve(isAdmitted);
      };
      const giveUp = (): void => finish(false);
      const stopWaiting = this.options.connections.wait(() => {
        if (this.isEntered()) finish(true);
      });
      signal?.addEventListener('abort', giveUp);
    });
  }

  /** False: `signal` ended the wait. */
  private async paced(isLive: boolean, signal: AbortSignal = NEVER): Promise<boolean> {
    const { clock, pacer } = this.options;
    do {
      while (!signal.aborted && this.quietUntil > clock.now())
        await clock.sleep(this.quietUntil - clock.now(), signal);
      if (signal.aborted) return false;
      await pacer.admit(isLive, signal);
    } while (this.quietUntil > clock.now());
    return !signal.aborted;
  }

  private async answered<T>(request: CtHttpRequest, party: PacedParty, send: Send<T>): Promise<T> {
    const { clock, pacer, reuseConnections } = this.options;
    try {
      const answer = await send(reuseConnections ? request : { ...request, reuseConnection: false });
      pacer.succeeded(party);
      return answer;
    } catch (error) {
      if (isRateLimited(error)) {
        this.quietUntil = Math.max(this.quietUntil, clock.now() + (error.retryAfterMs ?? 0));
        pacer.limited(party, error.retryAfterMs);
      }
      throw error;
    }
  }
}
