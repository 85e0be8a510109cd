import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import { TRACE_CHANNELS, type TraceContext, traced } from '../../kernel/trace-channels.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import { CtAbortedError, CtMalformedError, CtNoRoomError } from '../client/ct-log-error.js';
import type { LogRequests, RangeDemand, RangeGrant } from '../scheduling/log-requests.js';

/** The reason of every abort. Without it, each abort creates an error with a stack that is never read. */
const ENDED = Symbol('ended');

export interface RangeRequestOptions {
  /** URL of the log, for traces. */
  readonly url?: string;
  readonly client: Pick<CtLogClient, 'getEntries'>;
  /** All requests of the log. */
  readonly requests: Pick<LogRequests, 'isBacklog' | 'guaranteed' | 'admits' | 'range'>;
}

/** The needs of a request, and a callback before its answer. */
export interface RangeAdmission extends RangeDemand {
  /** Called when the request is sent. */
  admitted(): void;
}

/** RangeRequest is a range of entries of one log, from its first request until its delivery. */
export class RangeRequest {
  /** The answer to the last request, or its error; undefined while the request waits or is under way. */
  outcome: { readonly batch: EntryBatch } | { readonly error: unknown } | undefined;
  /** Whether the request is not sent yet, and whether it waits only for memory. */
  isWaiting = false;
  isWaitingForRoom = false;
  /** The size of the answer or, before it arrives, its expected size. */
  bytes = 0;
  /** Resolves when the last request has its {@link outcome}. */
  settled: Promise<void> = Promise.resolve();
  private readonly controller = new AbortController();
  private grant: RangeGrant | undefined;

  /**
   * @param from index of the first missing entry.
   * @param to exclusive.
   */
  constructor(
    private readonly options: RangeRequestOptions,
    public from: number,
    readonly to: number,
  ) {}

  /**
   * Requests the missing entries. Takes memory and a connection only when the request may be sent. May be called again after a
   * failure, and for the rest of a short answer.
   * @param treeSize tree size of an accepted head of the log.
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

  /** Ends the range after its delivery, or when it is no longer wanted. */
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
      const about = (): TraceContext => ({
        'certstream.log': this.options.url ?? '',
        'certstream.index': from,
        'certstream.entries': to - from,
      });
      const batch = await traced(TRACE_CHANNELS.fetch, about, () =>
        client.getEntries(from, to, treeSize, signal),
      );
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
