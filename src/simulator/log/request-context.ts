import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { LogHistory } from './log-history.js';
import type { LogKey } from './log-key.js';
import type { Reply } from './reply.js';
import type { Endpoint } from './request-log.js';
import type { ResolvedLogOptions } from './simulated-log-options.js';
import type { TreeHead } from './tree-head.js';

/** The parts of a log that endpoints and faults use. */
export interface ServedLog {
  readonly options: ResolvedLogOptions;
  /** The key that signs heads. */
  readonly key: LogKey;
  /** The head that was published before the newest one. */
  readonly previousHead: TreeHead;
  readonly history: LogHistory;
  /** Checkpoint origin. */
  readonly origin: string;
  /** The certificates in the answer of get-roots. */
  readonly roots: readonly Buffer[];
  /** Whether some published head had `count` complete subtrees of `256^level` leaves. */
  wasPublished(level: number, count: number): boolean;
}

/** An entry before it is encoded in a get-entries page or a data tile. */
export interface ServedEntry {
  readonly leafInput: Buffer;
  readonly extraData: Buffer;
  readonly tileLeaf: Buffer;
}

/** Changes the entries of an answer. `following` returns further entries of the log, for faults that serve too many. */
export type EntryEdit = (
  entries: ServedEntry[],
  following: (count: number) => ServedEntry[],
) => ServedEntry[];

/** A request before it is answered, as faults see it. */
export interface IncomingLogRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Path below the base URL of the log, with a leading slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** A request to a log and the data of its answer. Faults replace parts of it. */
export interface LogRequestContext extends IncomingLogRequest {
  readonly log: ServedLog;
  history: LogHistory;
  /** Entries below its tree size are visible. */
  head: TreeHead;
  readonly entryEdits: EntryEdit[];
}

/** A reply that a fault sends itself. */
export interface Delivery {
  readonly reply: Reply;
  readonly response: ServerResponse;
  /** Resolves when the fault is released or removed. */
  readonly released: Promise<void>;
  /** Aborted when the client or the simulator closes the connection. */
  readonly signal: AbortSignal;
}

/** The points at which a fault can change a request. An absent hook changes nothing. */
export interface FaultHooks {
  /** An additional condition of the fault. A request that it rejects is not counted. */
  applies?(request: IncomingLogRequest): boolean;
  /** Changes the data of the answer. Called only for requests to a log, not for the log list. */
  prepare?(context: LogRequestContext): void;
  /** Changes the finished answer. */
  reply?(reply: Reply, request: IncomingLogRequest): Reply;
  /** Sends the answer. The last fault with this hook does it. */
  send?(delivery: Delivery): Promise<void>;
}

/**
 * Returns the entries from `start` to `end` (exclusive) with the faults of this request; undefined when there are
 * none.
 */
export function editedEntries(
  context: LogRequestContext,
  start: number,
  end: number,
): ServedEntry[] | undefined {
  if (context.entryEdits.length === 0) return undefined;
  const range = (from: number, to: number): ServedEntry[] =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) => context.history.entry(from + i));
  const following = (count: number): ServedEntry[] => {
    const more = range(end, Math.min(end + count, context.history.size));
    const last = more.at(-1) ?? context.history.entry(end - 1);
    return [...more, ...Array.from({ length: count - more.length }, () => last)];
  };
  return context.entryEdits.reduce((entries, edit) => edit(entries, following), range(start, end));
}
