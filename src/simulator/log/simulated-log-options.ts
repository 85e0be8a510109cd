import type { SubmissionSource } from './log-entry.js';
import type { LogKeyType } from './log-key.js';

/** The read APIs that a log serves from its tree. */
export type SimulatedLogProtocol = 'rfc6962' | 'static-ct' | 'hybrid';

/** States of log list v3. */
export type LogState = 'pending' | 'qualified' | 'usable' | 'readonly' | 'retired' | 'rejected';

export type HeadValidators = 'both' | 'etag' | 'last-modified' | 'file' | 'none';

export interface SimulatedLogOptions {
  /** Path segment of the base URL: `http://127.0.0.1:<port>/<name>/`. */
  readonly name: string;
  /** Default `rfc6962`. */
  readonly protocol?: SimulatedLogProtocol;
  /** Default `ecdsa`. */
  readonly keyType?: LogKeyType;
  /** Default `Simulator`. */
  readonly operator?: string;
  /** Name in the log list. Default: made from operator and name. */
  readonly description?: string;
  /** Seconds. Default 86400, for static-ct 60. */
  readonly mmd?: number;
  /** Default `usable`; with null the list has no state for the log. */
  readonly state?: LogState | null;
  /** Whether the log list contains the log. Default true. */
  readonly listed?: boolean;
  /** The array of the log list that contains the log. Default `tiled_logs` for static-ct, else `logs`. */
  readonly listedAs?: 'logs' | 'tiled_logs';
  /** Path segment of the submission prefix, and so of the checkpoint origin. Default `name`. */
  readonly submissionName?: string;
  /**
   * Index of the first appended entry; default 0. The tree below starts with opaque hashes, followed by 1 to 256
   * filler entries from a multiple of 256 on, so that every tile is complete.
   */
  readonly firstIndex?: number;
  /** Number of entries that are appended and published at the start. Default 0. */
  readonly initialEntries?: number;
  /** Maximum number of entries in a get-entries answer. Default 256. */
  readonly pageSize?: number;
  /** Whether full pages end at multiples of `pageSize`, as in CTFE. Default true. */
  readonly alignPages?: boolean;
  /** Whether get-entries refuses an `end` at or beyond the tree size. Default false: it serves fewer entries. */
  readonly rejectEndBeyondTree?: boolean;
  /** Whether a partial tile disappears when the full tile exists. Default false. */
  readonly partialTilesVanish?: boolean;
  /** Whether data tiles have Content-Encoding gzip, regardless of the request. Default true. */
  readonly gzipTiles?: boolean;
  /** Whether RFC 6962 answers are compressed for clients that accept gzip. Default false. */
  readonly gzipPages?: boolean;
  /** Whether entries have the leaf_index extension. Default: only for static-ct. */
  readonly leafIndexExtension?: boolean;
  /**
   * Minimum number of entries that a log keeps. Requests for older ones are answered like those for unknown entries.
   * For long runs. Default Infinity.
   */
  readonly keepEntries?: number;
  /** Number of requests that `RequestLog` keeps in full. Default 2000. */
  readonly keepRequests?: number;
  /**
   * Validators of get-sth and checkpoint, which answer 304 for an unchanged head. Default `both`. `file`: both are made of the time in
   * seconds and the length, as nginx does for files.
   */
  readonly headValidators?: HeadValidators;
  /** Source of the entries. Default: the simulator's pool. */
  readonly source?: SubmissionSource;
}

export type ResolvedLogOptions = Required<Omit<SimulatedLogOptions, 'source'>>;

const DAY_SECONDS = 86_400;
const STATIC_CT_MMD_SECONDS = 60;

export function resolveLogOptions(options: SimulatedLogOptions): ResolvedLogOptions {
  const protocol = options.protocol ?? 'rfc6962';
  const operator = options.operator ?? 'Simulator';
  const isStatic = protocol === 'static-ct';
  return {
    protocol,
    keyType: 'ecdsa',
    operator,
    description: `${operator} '${options.name}'`,
    mmd: isStatic ? STATIC_CT_MMD_SECONDS : DAY_SECONDS,
    state: 'usable',
    listed: true,
    listedAs: isStatic ? 'tiled_logs' : 'logs',
    submissionName: options.name,
    firstIndex: 0,
    initialEntries: 0,
    pageSize: 256,
    alignPages: true,
    rejectEndBeyondTree: false,
    partialTilesVanish: false,
    gzipTiles: true,
    gzipPages: false,
    leafIndexExtension: isStatic,
    keepEntries: Infinity,
    keepRequests: 2000,
    headValidators: 'both',
    ...withoutUndefined(options),
  };
}

function withoutUndefined(options: SimulatedLogOptions): SimulatedLogOptions {
  const { source: _source, ...rest } = options;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as typeof rest;
}
