import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import { CtAbortedError, CtMalformedError, CtNoRoomError } from '../client/ct-log-error.js';
import type { LogRequests, RangeDemand, RangeGrant } from '../scheduling/log-requests.js';

/** The reason of each abort. Without one, each abort makes an error with its stack, which is never read. */
const ENDED = Symbol('ended');

export interface RangeRequestOptions {
  readonly client: CtLogClient;
  /** All requests of the log. */
  readonly requests: Pick<LogRequests, 'isBacklog' | 'guaranteed' | 'admits' | 'range'>;
}

/** What a request needs, and what it reports before its answer. */
export interface RangeAdmission extends RangeDemand {
  /** Called when the request goes out. */
  admitted(): void;
}

/** A range of entries of one log, from its first request until it is delivered. */
export class RangeRequest {
  /** The answer to the last request, or its error; undefined while the request waits or is under way. */
  outcome: { readonly batch: EntryBatch } | { readonly error: unknown } | undefined;
  /** Whether the request has not gone out yet, and whether memory is all that it waits for. */
  isWaiting = false;
  isWaitingForRoom = false;
  /** What the answer takes or, before it has come, is expected to take. */
  bytes = 0;
  /** Resolves when the last request has its {@link outcome}. */
  settled: Promise<void> = Promise.resolve();
  private readonly controller = new AbortController();
  private grant: RangeGrant | undefined;

  /**
   * @param from the first index that is missing.
   * @param to exclusive.
   */
  constructor(
    private readonly options: RangeRequestOptions,
    public from: number,
    readonly to: number,
  ) {}

  /**
   * Requests the missing entries. Holds no memory and no connection until the request may go out. May be called again after it
   * failed, and for the rest of a short answer.
   * @param treeSize of an accepted tree head of the log.
   */
  start(treeSize: number, admission: RangeAdmission): void {
    this.outcome = undefined;
    this.isWaiting = true;
    this.bytes = admission.load.bytes;
    const onNoRoom = (): void => {
      this.isWaitingForRoom = true;
      admission.onNoRoom?.();
    };
    this.settled = this.fetch(treeSize, { ...admission, onNoRoom }).then(
      (batch) => this.settle({ batch }),
      (error: unknown) => this.settle({ error }),
    );
  }

  /** The range is delivered, or not wanted any more. */
  end(): void {
    this.controller.abort(ENDED);
    this.giveBack();
  }

  /** @throws what {@link CtLogClient.getEntries} throws. */
  private async fetch(treeSize: number, admission: RangeAdmission): Promise<EntryBatch> {
    const { client, requests } = this.options;
    const { from, to } = this;
    const { signal } = this.controller;
    this.giveBack();
    const grant = await requests.range(admission, signal);
    this.grant = grant;
    try {
      if (grant === undefined || signal.aborted) throw new CtAbortedError(`entries ${from} to ${to}`);
      this.isWaiting = this.isWaitingForRoom = false;
      admission.admitted();
      const batch = await client.getEntries(from, to, treeSize, signal);
      if (batch.firstIndex !== from || batch.count < 1 || batch.count > to - from) {
        throw new CtMalformedError(
          'PAGE',
          `the log answered a request for entries ${from} to ${to} with other entries`,
        );
      }
      const bytes = memoryOf(batch);
      if (!grant.arrived(bytes)) throw new CtNoRoomError(`entries ${from} to ${to}`);
      this.bytes = bytes;
      return batch;
    } catch (error) {
      this.giveBack();
      throw error;
    }
  }

  private settle(outcome: NonNullable<RangeRequest['outcome']>): void {
    this.outcome = outcome;
    this.isWaiting = this.isWaitingForRoom = false;
  }

  private giveBack(): void {
    this.grant?.release();
    this.grant = undefined;
  }
}
