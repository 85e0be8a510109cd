import { CtAbortedError, isRateLimited } from '../client/ct-log-error.js';
import type { CtHttp, CtHttpRequest } from '../client/http/ct-http.js';
import type { Clock } from '../../kernel/clock.js';
import type { Lease } from './flight-lease.js';
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
  /** What the answer to the request with this signal is charged to as it comes. */
  readonly leaseOf?: (signal: AbortSignal | undefined) => Lease | undefined;
}

/** The right to send requests one after the other, the first of them now. */
export interface Turn {
  /** Leaves the connection to others until {@link resume}: they may hold what has to be waited for now. */
  pause(): void;
  /** Waits for a connection again. @returns false when the log wants to be left alone by now, or `signal` ended the wait. */
  resume(signal: AbortSignal): Promise<boolean>;
  /** Whatever became of them. */
  end(): void;
}

/** One of the connections to the host. */
interface Slot {
  /** Whether the next request has been waited for. */
  isPaced: boolean;
  /** Whether it is kept for further requests. */
  isKept: boolean;
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
  /** Kept by turns, without a request at the moment. */
  private readonly free = new Set<Slot>();
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
   * Waits until the log may be asked. Until the turn ends, a connection is kept for the requests of the log that are none
   * for a tree head: whoever holds something that others wait for need not wait for them.
   * @returns undefined when `signal` ended the wait.
   */
  async turn(signal: AbortSignal): Promise<Turn | undefined> {
    let slot = await this.keep(false, signal);
    if (slot === undefined) return undefined;
    return {
      pause: () => this.drop(slot),
      resume: async (ended) => {
        slot = this.isQuiet ? undefined : await this.keep(slot?.isPaced === true, ended);
        return slot !== undefined && !this.isQuiet;
      },
      end: () => this.drop(slot),
    };
  }

  /** The log is not asked any more. */
  close(): void {
    this.options.pacer.forget(this.heads);
    this.options.pacer.forget(this.others);
  }

  private get isQuiet(): boolean {
    return this.quietUntil > this.options.clock.now();
  }

  private async inTurn<T>(url: string, request: CtHttpRequest, send: Send<T>): Promise<T> {
    const { signal } = request;
    if (request.isHead === true) {
      while (await this.quietIsOver(signal))
        if (await this.paced(true, signal)) return this.answered(request, this.heads, send);
      throw new CtAbortedError(url);
    }
    const slot = await this.slot(() => this.kept() ?? this.connect(), signal);
    if (slot === undefined) throw new CtAbortedError(url);
    try {
      slot.isPaced = false;
      return await this.answered(request, this.others, send);
    } finally {
      this.release(slot);
    }
  }

  /** A connection whose time has come. Undefined: `signal` ended the wait. */
  private async slot(
    claim: () => Slot | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Slot | undefined> {
    while (await this.quietIsOver(signal)) {
      const slot = claim() ?? (await this.claimed(claim, signal));
      if (slot === undefined) return undefined;
      slot.isPaced ||= await this.paced(!this.isBacklog, signal);
      if (slot.isPaced) return slot;
      // The log wants to be left alone by now, or the wait is over.
      this.release(slot);
    }
    return undefined;
  }

  /** A connection for the requests of a turn. */
  private async keep(isPaced: boolean, signal: AbortSignal): Promise<Slot | undefined> {
    const slot = await this.slot(() => this.connect(isPaced), signal);
    if (slot === undefined) return undefined;
    slot.isKept = true;
    this.release(slot);
    return slot;
  }

  private drop(slot: Slot | undefined): void {
    if (slot === undefined) return;
    slot.isKept = false;
    if (this.free.delete(slot)) this.leave();
  }

  private kept(): Slot | undefined {
    const [slot] = this.free;
    if (slot !== undefined) this.free.delete(slot);
    return slot;
  }

  private connect(isPaced = false): Slot | undefined {
    const { connections, maxParallel } = this.options;
    if (this.underWay >= maxParallel || !connections.take(this.underWay)) return undefined;
    this.underWay++;
    return { isPaced, isKept: false };
  }

  private release(slot: Slot): void {
    if (!slot.isKept) return this.leave();
    this.free.add(slot);
    this.options.connections.changed();
  }

  private leave(): void {
    this.underWay--;
    this.options.connections.give();
  }

  /** Waits for other requests to end. Undefined: `signal` ended the wait. */
  private claimed(claim: () => Slot | undefined, signal: AbortSignal | undefined): Promise<Slot | undefined> {
    if (signal?.aborted === true) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const finish = (slot: Slot | undefined): void => {
        signal?.removeEventListener('abort', giveUp);
        stopWaiting();
        resolve(slot);
      };
      const giveUp = (): void => finish(undefined);
      const stopWaiting = this.options.connections.wait(() => {
        const slot = claim();
        if (slot !== undefined) finish(slot);
      });
      signal?.addEventListener('abort', giveUp);
    });
  }

  /** Sleeps out what the log asked for. False: `signal` ended the wait. */
  private async quietIsOver(signal: AbortSignal = NEVER): Promise<boolean> {
    const { clock } = this.options;
    while (!signal.aborted && this.isQuiet) await clock.sleep(this.quietUntil - clock.now(), signal);
    return !signal.aborted;
  }

  /** Waits for the operator's pace. False: the log asked for quiet meanwhile, or `signal` ended the wait. */
  private async paced(isLive: boolean, signal: AbortSignal = NEVER): Promise<boolean> {
    await this.options.pacer.admit(isLive, signal);
    return !signal.aborted && !this.isQuiet;
  }

  private async answered<T>(request: CtHttpRequest, party: PacedParty, send: Send<T>): Promise<T> {
    const { clock, leaseOf, pacer, reuseConnections } = this.options;
    try {
      const lease = party.isHead ? undefined : leaseOf?.(request.signal);
      const onBytes = lease && ((bytes: number) => lease.arriving(bytes));
      const answer = await send({ ...request, onBytes, reuseConnection: reuseConnections });
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
