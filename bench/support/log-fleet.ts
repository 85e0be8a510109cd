import { Child } from './child.js';
import type { ProcessUsage } from './process-usage.js';
import { usageOf } from './process-usage.js';

/** A group of similar logs. They are named `<name>0`, `<name>1`, ... */
export interface FleetGroup {
  readonly name: string;
  readonly count: number;
  readonly protocol: 'rfc6962' | 'static-ct';
  /** Default: the logs of all groups without an operator are divided among eight operators. */
  readonly operator?: string;
  /** Number of entries published before the server starts. Default 300. */
  readonly initialEntries?: number;
  /** Number of entries that a log keeps at least. The default, 20,000, is a multiple of the lag of a server. */
  readonly keepEntries?: number;
  /** Entries per second of each log. */
  readonly entriesPerSecond: number;
  /** Milliseconds between heads. Default 1000. */
  readonly headIntervalMs?: number;
  /** Requests per second above which get-entries and data tiles answer 429. Default: no limit. */
  readonly requestsPerSecond?: number;
  /** Number of such requests that are allowed at once. Default 1. */
  readonly requestBurst?: number;
}

export interface FleetSetup {
  readonly groups: readonly FleetGroup[];
}

export interface FleetReady {
  readonly logListUrl: string;
  readonly publicKeyPem: string;
}

export type FleetCommand =
  /** No log answers with a head until `open`. */
  | { readonly do: 'hold' }
  | { readonly do: 'open' }
  /** Lets the groups with these names grow; without names, all groups. */
  | { readonly do: 'grow'; readonly groups?: readonly string[] }
  | { readonly do: 'stop-growing' }
  /** Lets this share of all requests fail in various ways; 0 ends the failures. */
  | { readonly do: 'fail'; readonly share: number }
  | { readonly do: 'report' };

/** Current state of one log. */
export interface FleetLog {
  readonly group: string;
  /** URL without trailing slash, as in the messages of the streams. */
  readonly url: string;
  readonly protocol: string;
  /** Number of entries that the newest head covers. */
  readonly size: number;
  readonly initialEntries: number;
}

/** A published head. Entries below `size` were available from `at` on. */
export interface FleetHead {
  readonly url: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface FleetReport {
  readonly logs: readonly FleetLog[];
  /** Answers since the start by endpoint. Answers 304 and 429 are also counted as `not-modified` and `rate-limited`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests that were made to fail, by kind of failure. */
  readonly failures: Readonly<Record<string, number>>;
  /** Heads published since the last report, at most the newest 100,000. */
  readonly heads: readonly FleetHead[];
}

/** Simulated logs, wherever they run. */
export interface Logs {
  readonly ready: FleetReady;
  /** Executes a command. Resolves with the report after it. */
  send(command: FleetCommand): Promise<FleetReport>;
  stop(): Promise<void>;
}

/** Many simulated logs in a process of their own, so that their cost is not counted as cost of the server. */
export class LogFleet implements Logs {
  private constructor(
    private readonly child: Child<FleetCommand, FleetReport>,
    readonly ready: FleetReady,
  ) {}

  static async start(groups: readonly FleetGroup[]): Promise<LogFleet> {
    const setup: FleetSetup = { groups };
    const { ready, child } = await Child.start<FleetCommand, FleetReport>('./log-fleet-child.js', setup);
    return new LogFleet(child, ready as FleetReady);
  }

  send(command: FleetCommand): Promise<FleetReport> {
    return this.child.ask(command);
  }

  usage(): ProcessUsage {
    return usageOf(this.child.pid);
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
