import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import { CtAbortedError, CtMalformedError, CtNoRoomError } from '../client/ct-log-error.js';
import type { Turn } from '../scheduling/paced-http.js';
import type { Load, Urgency } from '../scheduling/flight-budget.js';
import type { FlightShare } from '../scheduling/flight-share.js';
import type { Lease } from '../scheduling/flight-lease.js';

/** When the log may be asked. */
export interface Pace {
  /** Whether the log is behind. */
  isBacklog: boolean;
  /** See `PacedHttp.turn`. */
  turn(signal: AbortSignal): Promise<Turn | undefined>;
}

/** Nobody reads it; without a reason, each abort makes an error with its stack. */
const ENDED = Symbol('ended');

export interface RangeRequestOptions {
  readonly client: CtLogClient;
  /** What the log may have requested and not yet delivered. */
  readonly budget: FlightShare;
  readonly pace: Pace;
}

export interface EntryRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly treeSize: number;
}

/** What the request for a range is told, and tells. */
export interface Admission {
  readonly load: Load;
  urgency(): Urgency;
  /** There is no room for it at the moment. */
  waits(): void;
  /** It goes out now. */
  admitted(): void;
}

/** The request for a range of entries, and its answer until it is delivered. */
export class RangeRequest {
  private readonly controller = new AbortController();
  private lease: Lease | undefined;

  constructor(private readonly options: RangeRequestOptions) {}

  /**
   * Waits for the turn of the log first and then for room, so that nothing is held by what waits for its turn; while it
   * waits for room it holds no connection, for whoever has room may need one before giving it back. May be called again
   * after it rejected, and for what a short answer left out.
   * @throws what {@link CtLogClient.getEntries} throws.
   */
  async fetch({ from, to, treeSize }: EntryRange, admission: Admission): Promise<EntryBatch> {
    const { client } = this.options;
    const { signal } = this.controller;
    this.giveBack();
    const turn = await this.turn(admission);
    try {
      if (turn === undefined) throw new CtAbortedError(`entries ${from} to ${to}`);
      admission.admitted();
      const batch = await client.getEntries(from, to, treeSize, signal);
      if (batch.firstIndex !== from || batch.count < 1 || batch.count > to - from) {
        throw new CtMalformedError('PAGE', `entries ${from} to ${to} were asked for, others came`);
      }
      if (this.lease?.resize(memoryOf(batch)) === false) throw new CtNoRoomError(`entries ${from} to ${to}`);
      return batch;
    } catch (error) {
      this.giveBack();
      throw error;
    } finally {
      turn?.end();
    }
  }

  /** The answer is delivered, or not wanted any more. */
  end(): void {
    this.controller.abort(ENDED);
    this.giveBack();
  }

  /** A turn, with room taken. Undefined: the request has ended. */
  private async turn(admission: Admission): Promise<Turn | undefined> {
    const { signal } = this.controller;
    while (!signal.aborted) {
      const turn = await this.options.pace.turn(signal);
      if (turn === undefined || (await this.takeRoom(admission, turn))) return turn;
      turn.end();
    }
    return undefined;
  }

  /** @returns false when the turn is over by the time there is room, or the request has ended. */
  private async takeRoom(admission: Admission, turn: Turn): Promise<boolean> {
    const { budget } = this.options;
    const { signal } = this.controller;
    const hasRoom = budget.admits(admission.load, admission.urgency());
    if (!hasRoom) {
      admission.waits();
      turn.pause();
    }
    this.lease = await budget.acquire(admission.load, signal, () => admission.urgency());
    if (this.lease !== undefined && (hasRoom || (await turn.resume(signal))) && !signal.aborted) return true;
    this.giveBack();
    return false;
  }

  private giveBack(): void {
    this.lease?.release();
    this.lease = undefined;
  }
}
