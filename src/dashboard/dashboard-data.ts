/**
 * The answers of `/dashboard/config.json` and `/dashboard/data.json`. The page imports these types, so this file imports nothing.
 * `dashboard/vite.config.ts` builds the page into `dist/dashboard/page`, beside the compiled files of this folder.
 * Times that end in `_ms` are milliseconds since the epoch; a share is between 0 and 1.
 */

/** Answer of `/dashboard/config.json`, which needs no token. All paths are absolute, on the host that served the page. */
export interface DashboardConfig {
  /** Paths of the WebSocket streams, and of the Server-Sent Events. */
  readonly streams: {
    readonly full: string;
    readonly lite: string;
    readonly domains: string;
    readonly sse: string;
  };
  /** Whether `/dashboard/data.json`, the streams and `/api` need an access token. */
  readonly tokens_required: boolean;
  /** Whether the server has the pages below `/api`, which show whole certificates. */
  readonly api: boolean;
}

/**
 * Answer of `/dashboard/data.json`. `?since=<ms>` in the last minute leaves out the samples of `history` that are not newer. A token with a filter, and one
 * that does not open the full stream, gets null for the process and for the clients, and no texts of errors.
 */
export interface DashboardData {
  readonly version: string;
  readonly now_ms: number;
  readonly uptime_seconds: number;
  /** Since the start. */
  readonly totals: {
    /** Entries that were published, and how many of them are precertificates. */
    readonly entries: number;
    readonly precertificates: number;
    /** Messages written to clients; one message to ten clients counts as ten. */
    readonly messages: number;
  };
  /** Per second, over the last 10 to 20 seconds; null in the first second. */
  readonly rates: {
    readonly entries: number | null;
    readonly messages: number | null;
    /** Octets written to clients, and octets received from logs. */
    readonly sent_bytes: number | null;
    readonly received_bytes: number | null;
  };
  readonly delay: DashboardDelays;
  readonly process: DashboardProcess | null;
  readonly log_list: {
    /** `unused` if the server follows configured logs only. */
    readonly source: 'network' | 'cache' | 'none' | 'unused';
    readonly version: string | null;
    /** Code of the last error since the last accepted download. */
    readonly error: string | null;
  };
  readonly logs: readonly DashboardLog[];
  readonly streams: readonly DashboardStream[];
  /** The clients with most messages waiting or dropped, at most 20. Clients that keep up are not among them. */
  readonly slowest_clients: readonly DashboardClient[] | null;
  readonly outputs: readonly DashboardOutput[];
  /** Null for a server that works alone. */
  readonly cluster: DashboardCluster | null;
  readonly history: DashboardHistory;
}

/** Delays of the last minute. The way from the log to the socket of a client has two parts that are measured apart. */
export interface DashboardDelays {
  /** From the timestamp of the first signed head that covers an entry to its publication. */
  readonly head_to_feed: DashboardDelay;
  /** From the timestamp that the log gave an entry to its publication. */
  readonly entry_to_feed: DashboardDelay;
  /** From the publication of a message until the operating system accepted it for a client. */
  readonly feed_to_socket: DashboardDelay;
}

/** Seconds, estimated from buckets. Null with a `count` above 0: longer than is measured, an hour; for `feed_to_socket` 30 seconds. */
export interface DashboardDelay {
  /** Entries or messages that were measured. */
  readonly count: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

/** Figures of the process over the last 10 to 20 seconds; null where nothing is measured yet. */
export interface DashboardProcess {
  /** CPU time of all threads of the process per second; 1 is one core. */
  readonly cpu: number | null;
  readonly memory: {
    readonly rss_bytes: number;
    readonly heap_used_bytes: number;
    readonly heap_total_bytes: number;
    /** Memory outside the heap of JavaScript, such as entries and messages. */
    readonly external_bytes: number;
  };
  readonly event_loop: {
    /** Share of the time in which the main thread worked, or waited for a core. */
    readonly utilization: number | null;
    /** How late timers run because the main thread works, milliseconds. Measured only while a page asks for this document. */
    readonly delay_p50_ms: number | null;
    readonly delay_p99_ms: number | null;
  };
  /**
   * Where the CPU time goes, seconds per second; together `cpu`. `javascript` is the work of the main thread without garbage collection:
   * requests, certificates and messages. It is not divided further, since measuring that would cost more than the work.
   * `garbage_collection` is measured only while a page asks for this document; before, `javascript` contains it. `other_threads` is the rest:
   * compression, files, names and parts of the garbage collection.
   */
  readonly time: {
    readonly javascript: number | null;
    readonly garbage_collection: number | null;
    readonly other_threads: number | null;
  };
}

/** One row of the table of logs. The names of members are those of `/logs`, which says more. */
export interface DashboardLog {
  readonly name: string;
  readonly url: string;
  readonly operator: string;
  readonly type: 'rfc6962' | 'tiled';
  readonly state: 'starting' | 'following' | 'failing' | 'stopped';
  readonly verdict: DashboardVerdict;
  readonly tree_size: number;
  readonly streamed_index: number | null;
  readonly verified_index: number | null;
  readonly lag: number;
  /** Entries per second, smoothed over minutes; null during the first minute, and while the log is not `following`. */
  readonly rates: { readonly growth: number | null; readonly delivery: number | null };
  /** Estimated time until the log has no backlog; null without a backlog, and if the rates do not say. */
  readonly catch_up_seconds: number | null;
  readonly head_ms: number | null;
  readonly last_entry_ms: number | null;
  readonly verification: 'off' | 'starting' | 'verified' | 'broken';
  /** Entries that the log did not serve and that are requested again. */
  readonly missing_entries: number;
  readonly last_error: { readonly code: string; readonly at_ms: number } | null;
  /** Name of the member of the cluster that follows the log; null without a cluster. */
  readonly member: string | null;
}

/** Where a log or an output stands, in words. `busy` ends without help; `bad` is a problem for the operator. */
export interface DashboardVerdict {
  readonly level: 'good' | 'busy' | 'bad';
  /** For programs: `keeping_up`, `catching_up`, `rate_limited` and so on (docs/http.md). */
  readonly code: string;
  /** Without a full stop, such as "catching up, done in about 12 minutes". */
  readonly text: string;
}

export interface DashboardStream {
  readonly stream: 'full' | 'lite' | 'domains';
  readonly websocket_clients: number;
  readonly sse_clients: number;
  /** Per second, over the last 10 to 20 seconds; null in the first second. */
  readonly rates: {
    readonly messages: number | null;
    readonly bytes: number | null;
    /** Messages that clients did not get because they could not keep up. */
    readonly dropped: number | null;
  };
  /** Since the start. */
  readonly dropped: number;
  /** Clients with messages that wait for them, and these messages. */
  readonly waiting_clients: number;
  readonly queued_messages: number;
  readonly queued_bytes: number;
}

/** A client that does not keep up. Its address is left out: users of the page must not see the addresses of other clients. */
export interface DashboardClient {
  /** Number of the client, unique while the server runs. */
  readonly id: number;
  readonly stream: 'full' | 'lite' | 'domains';
  readonly transport: 'websocket' | 'sse';
  readonly messages: number;
  readonly dropped: number;
  readonly queued_messages: number;
  readonly queued_bytes: number;
}

export interface DashboardOutput {
  readonly name: string;
  /** Null for an output of a module that has no type. */
  readonly type: string | null;
  readonly required: boolean;
  readonly verdict: DashboardVerdict;
  readonly backlog: {
    readonly records: number;
    readonly entries: number;
    readonly bytes: number;
    readonly seconds: number;
  };
  readonly failing_since_ms: number | null;
  readonly last_error: {
    readonly code: string;
    /** Null for a token with a filter, and for one that does not open the full stream. */
    readonly message: string | null;
    readonly at_ms: number;
  } | null;
  readonly last_acknowledgement_ms: number | null;
  /** Since the start. */
  readonly acknowledged_entries: number;
  readonly failures: number;
  /** Records that the journal dropped before the output got them. */
  readonly skipped_records: number;
  /** Name of the member of the cluster that runs the output; null without a cluster. */
  readonly member: string | null;
}

/** The cluster as the member that answers sees it. */
export interface DashboardCluster {
  /** Id of the member that answers. */
  readonly self: string;
  /** Whether it is connected to the NATS servers. */
  readonly connected: boolean;
  readonly members: readonly DashboardMember[];
}

/** A live member of the cluster. */
export interface DashboardMember {
  readonly id: string;
  readonly name: string;
  readonly role: 'all' | 'ingest' | 'gateway';
  readonly version: string;
  /** By the clock of the member. */
  readonly started_ms: number;
  /** Number of logs that it follows, and of outputs that it runs. */
  readonly logs: number;
  readonly outputs: number;
  /** What it has not read of the stream, and for how long; null until it has said it. */
  readonly lag: { readonly records: number; readonly seconds: number } | null;
}

/**
 * Samples of the last hour, oldest first. Every array is as long as `times_ms` of its part; null where nothing was measured. A sample is
 * not changed later, so a page asks with `?since=` the last of `times_ms` of `server`, and adds the new samples to its own.
 */
export interface DashboardHistory {
  /** Time between two samples. */
  readonly server: {
    readonly interval_ms: number;
    readonly times_ms: readonly number[];
    readonly entries_per_second: readonly (number | null)[];
    /** Seconds, estimated from buckets. Null without entries, and above an hour (head to feed) or 30 seconds (feed to socket). */
    readonly head_to_feed_p50: readonly (number | null)[];
    readonly head_to_feed_p99: readonly (number | null)[];
    readonly feed_to_socket_p50: readonly (number | null)[];
    readonly feed_to_socket_p99: readonly (number | null)[];
    /** Null for tokens that get no `process`, as are the two after it. */
    readonly cpu: readonly (number | null)[];
    readonly event_loop_utilization: readonly (number | null)[];
    readonly rss_bytes: readonly (number | null)[];
  };
  readonly logs: {
    readonly interval_ms: number;
    readonly times_ms: readonly number[];
    /** By the URL of the log, for the logs that are followed now. */
    readonly of: Readonly<
      Record<
        string,
        {
          /** Published: the tree size of the newest accepted head. */
          readonly tree_size: readonly (number | null)[];
          /** Ingested: all entries before this index were streamed. */
          readonly streamed_index: readonly (number | null)[];
        }
      >
    >;
  };
}
