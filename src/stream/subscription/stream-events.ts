import type { FilterFields } from '../../filter/filter-terms.js';

/** A message of a kind with data (docs/wire-format.md, "Events"). */
interface EventMessage<Kind extends string, Data> {
  readonly message_type: Kind;
  readonly data: Data;
}

interface AtCursor {
  readonly cursor: string;
}

/** The client has got everything up to the cursor, except what its `sample` leaves out. */
export type CursorMessage = EventMessage<
  'cursor',
  AtCursor & {
    /** With `sample`: messages since the last cursor that were left out. */
    readonly left_out?: number;
  }
>;
/** The client has got all older entries; the messages after this one are live. */
export type LiveMessage = EventMessage<'live', AtCursor>;
/** The answer to `subscribe`, `add`, `remove`, `pause` and `resume`. */
export type SubscribedMessage = EventMessage<'subscribed', SubscribedData>;
export type StatusMessage = EventMessage<'status', StatusData>;
export type ErrorMessage = EventMessage<
  'error',
  { readonly id?: unknown; readonly code: string; readonly message: string }
>;

/** Sent at the interval `stream.heartbeat_seconds`, if this is set. */
export interface HeartbeatMessage {
  readonly message_type: 'heartbeat';
  /** Unix seconds with milliseconds. */
  readonly timestamp: number;
}

/** Log indices, both inclusive. */
export interface IndexRange {
  readonly from: number;
  to: number;
}

/**
 * Why messages are missing. `slow`: the client did not read fast enough. `expired`: the journal no longer holds them.
 * `unavailable`: the log did not deliver the entries.
 */
export type GapReason = 'slow' | 'expired' | 'unavailable';

/** A message about messages that a client does not get (docs/wire-format.md). */
export interface GapMessage {
  readonly message_type: 'gap';
  readonly data: {
    /** Number of missing messages; absent when it is unknown. */
    readonly messages?: number;
    /** The missing entries, all of them unless `truncated` is set. */
    readonly logs: readonly { readonly url: string; readonly ranges: readonly IndexRange[] }[];
    readonly truncated: boolean;
    readonly reason: GapReason;
    /** For `expired`: the places between which messages are missing, as cursors or times. */
    readonly from?: string;
    readonly to?: string;
    /** `?since=` this cursor returns the missing messages, as far as the journal holds them. */
    readonly cursor?: string;
  };
}

export interface SubscribedData {
  /** `id` of the request. */
  readonly id?: unknown;
  /** The filter as the server understood it; null without a filter. */
  readonly filter: FilterFields | null;
  readonly unique: boolean;
  readonly paused: boolean;
  /**
   * The first place at which the filter applies; null while older messages wait for the client, and before a replay by time has found
   * its first entry.
   */
  readonly cursor: string | null;
}

export interface StatusData extends SubscribedData {
  /** Whether the client gets older entries now. */
  readonly replaying: boolean;
  /** Messages sent to the client, and messages that it missed because it was too slow. */
  readonly sent: number;
  readonly skipped: number;
  /** Messages that wait for the client. */
  readonly queued: number;
  readonly stream: string;
  readonly format: string;
  readonly slow: string;
}

export function cursorMessage(cursor: string, leftOut?: number): CursorMessage {
  return { message_type: 'cursor', data: { cursor, ...(leftOut !== undefined && { left_out: leftOut }) } };
}

export function liveMessage(cursor: string): LiveMessage {
  return { message_type: 'live', data: { cursor } };
}

/**
 * The journal no longer holds the entries between two places.
 * @param from, to cursors or times; the replay continues at `to`.
 */
export function expiredMessage(from: string, to: string, cursor: string): GapMessage {
  return { message_type: 'gap', data: { logs: [], truncated: true, reason: 'expired', from, to, cursor } };
}
