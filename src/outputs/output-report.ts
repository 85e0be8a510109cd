import type { OutputVerdict } from './output-verdict.js';

/** Report of one output in `/api/outputs`. Times are ISO 8601 in UTC. It contains no settings, because they may be secrets. */
export interface OutputReport extends OwnOutputReport {
  /** Name of the member of the cluster that runs the output; null without a cluster. */
  readonly member: string | null;
}

/** The report on an output of this server, also as it is sent to other members of a cluster. */
export interface OwnOutputReport {
  readonly name: string;
  /** Null for an output of a module that has no type. */
  readonly type: string | null;
  readonly required: boolean;
  readonly verdict: OutputVerdict;
  readonly position: {
    /** Number of the last record that was acknowledged. */
    readonly seq: number;
    /** All entries that the server received before this time are acknowledged or skipped. */
    readonly time: string;
    /** The cursor after that record, for `?since=` and `outputs reset`. */
    readonly cursor: string;
  };
  readonly backlog: {
    readonly records: number;
    readonly entries: number;
    readonly bytes: number;
    readonly seconds: number;
  };
  readonly failing_since: string | null;
  readonly last_error: {
    readonly code: string;
    /** It may name hosts of the operator's network. Null for a token with a filter, and for one that does not open the full stream. */
    readonly message: string | null;
    readonly time: string;
  } | null;
  readonly last_acknowledgement: string | null;
  /** Since the start of the server; in a cluster since the member runs the output. */
  readonly counts: {
    readonly acknowledged_records: number;
    readonly acknowledged_entries: number;
    readonly repeated_entries: number;
    readonly failures: number;
    readonly refused_messages: number;
    readonly skipped_records: number;
  };
}
