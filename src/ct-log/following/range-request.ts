import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import { CtAbortedError, CtMalformedError, CtNoRoomError } from '../client/ct-log-error.js';
import type { LogRequests, RangeDemand, RangeGrant } from '../scheduling/log-requests.js';

/** Nobody reads it; without a reason, each abort makes an error with its stack. */
const ENDED = Symbol('ended');

export interface RangeRequestOptions {
  readonly client: CtLogClient;
  /** All requests of the log. */
  readonly requests: Pick<LogRequests, 'isBacklog' | 'guaranteed' | 'admits' | 'range'>;
}

export interface EntryRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly treeSize: number;
}

/** What the request for a range asks for, and what it tells. */
export interface Admission extends RangeDemand {
  /** It goes out now. */
  admitted(): void;
}

/** The request for a range of entries, and its answer until it is delivered. */
export class RangeRequest {
  private readonly controller = new AbortController();
  private grant: RangeGrant | undefined;

  constructor(private readonly options: RangeRequestOptions) {}

  /**
   * Holds nothing until it may go out. May be called again after it rejected, and for what a short answer left out.
   * @throws what {@link CtLogClient.getEntries} throws.
   */
  async fetch({ from, to, treeSize }: EntryRange, admission: Admission): Promise<EntryBatch> {
    const { client, requests } = this.options;
    const { signal } = this.controller;
    this.giveBack();
    this.grant = await requests.range(admission, signal);
    try {
      if (this.grant === undefined || signal.aborted) throw new CtAbortedError(`entries ${from} to ${to}`);
      admission.admitted();
      const batch = await client.getEntries(from, to, treeSize, signal);
      if (batch.firstIndex !== from || batch.count < 1 || batch.count > to - from) {
        throw new CtMalformedError('PAGE', `entries ${from} to ${to} were asked for, others came`);
      }
      if (!this.grant.arrived(memoryOf(batch))) throw new CtNoRoomError(`entries ${from} to ${to}`);
      return batch;
    } catch (error) {
      this.giveBack();
      throw error;
    }
  }

  /** The answer is delivered, or not wanted any more. */
  end(): void {
    this.controller.abort(ENDED);
    this.giveBack();
  }

  private giveBack(): void {
    this.grant?.release();
    this.grant = undefined;
  }
}
