import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import { CtAbortedError, CtLogError, CtOutOfRangeError } from '../client/ct-log-error.js';
import type { LogStatus } from '../reporting/log-status.js';
import type { LogRequests } from '../scheduling/log-requests.js';

/** Expected octets of the answer to a request for one entry; a tiled log answers with a whole tile. */
const ENTRY_BYTES = { rfc6962: 64 * 1024, tiled: 1024 * 1024 };
/** A log without a reason may refuse larger requests; then the client divides the next one. */
const TRIES = 3;

export interface EntryFetcherOptions {
  /** A client of its own: the answers to single entries say nothing about the sizes of pages. */
  readonly client: CtLogClient;
  readonly requests: Pick<LogRequests, 'range'>;
  readonly status: Pick<LogStatus, 'treeSize'>;
  readonly type: keyof typeof ENTRY_BYTES;
}

/** EntryFetcher fetches single entries of a log on request. All other requests to the log go first. The entries are not verified. */
export class EntryFetcher {
  constructor(private readonly options: EntryFetcherOptions) {}

  /**
   * @returns a batch with this entry only.
   * @throws CtLogError; `CT_OUT_OF_RANGE` if the newest known tree of the log does not contain the entry.
   */
  async fetch(index: number, signal: AbortSignal): Promise<EntryBatch> {
    const { client, requests, status, type } = this.options;
    const { treeSize } = status;
    if (index >= treeSize) throw new CtOutOfRangeError(index, index + 1, treeSize);
    const load = { entries: 1, bytes: ENTRY_BYTES[type] };
    const grant = await requests.range({ load, urgency: () => 'gap' }, signal);
    if (grant === undefined) throw new CtAbortedError(`entry ${index}`);
    try {
      for (let tries = 1; ; tries++) {
        try {
          return await client.getEntries(index, index + 1, treeSize, signal);
        } catch (error) {
          const mayDivide = error instanceof CtLogError && error.entries?.next === 'less';
          if (!mayDivide || tries === TRIES) throw error;
        }
      }
    } finally {
      grant.release();
    }
  }
}
