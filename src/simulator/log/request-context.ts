import type { IncomingHttpHeaders } from 'node:http';
import type { LogHistory } from './log-history.js';
import type { Endpoint } from './request-log.js';
import type { SimulatedLog } from './simulated-log.js';
import type { TreeHead } from './tree-head.js';

/** An entry on its way into a get-entries page or a data tile. */
export interface ServedEntry {
  readonly leafInput: Buffer;
  readonly extraData: Buffer;
  readonly tileLeaf: Buffer;
}

/** Where in a {@link ServedEntry} list to find the rest of the log, for faults that serve too much. */
export type EntryEdit = (
  entries: ServedEntry[],
  following: (count: number) => ServedEntry[],
) => ServedEntry[];

/** A request as faults see it before it is answered. */
export interface IncomingLogRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Path below the base URL of the log, with a leading slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** A request to a log with what it is answered from; faults replace parts of it. */
export interface LogRequestContext extends IncomingLogRequest {
  readonly log: SimulatedLog;
  history: LogHistory;
  /** Entries below its tree size are visible. */
  head: TreeHead;
  readonly entryEdits: EntryEdit[];
}
