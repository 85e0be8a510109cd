import { Child } from './child.js';
import type { ProcessUsage } from './process-usage.js';
import { usageOf } from './process-usage.js';

/** Some logs of one kind; they are named `<name>0`, `<name>1`, ... */
export interface FleetGroup {
  readonly name: string;
  readonly count: number;
  readonly protocol: 'rfc6962' | 'static-ct';
  /** Default: eight operators share the logs of all groups without one. */
  readonly operator?: string;
  /** Published before the server starts. Default 300. */
  readonly initialEntries?: number;
  /** Entries that a log keeps at least. Default 20,000; a multiple of what a server may lag behind. */
  readonly keepEntries?: number;
  /** Entries per second of each log. */
  readonly entriesPerSecond: number;
  /** Milliseconds between heads. Default 1000. */
  readonly headIntervalMs?: number;
  /** Requests per second after which get-entries and data tiles answer 429. Default: no limit. */
  readonly requestsPerSecond?: number;
  /** How many of them may come at once. Default 1. */
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
  /** Lets the groups of these names grow, all when there are none. */
  | { readonly do: 'grow'; readonly groups?: readonly string[] }
  | { readonly do: 'stop-growing' }
  /** This share of all requests fails, in one of many ways; 0 ends it. */
  | { readonly do: 'fail'; readonly share: number }
  | { readonly do: 'report' };

/** One log as it is now. */
export interface FleetLog {
  readonly group: string;
  /** Without trailing slash, as the streams name it. */
  readonly url: string;
  readonly protocol: string;
  /** Entries that its newest head covers. */
  readonly size: number;
  readonly initialEntries: number;
}

/** A published head: entries below `size` could be had from `at` on. */
export interface FleetHead {
  readonly url: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface FleetReport {
  readonly logs: readonly FleetLog[];
  /** Answers since the start, by endpoint, and 304 and 429 under `not-modified` and `rate-limited`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests that were made to fail, by how. */
  readonly failures: Readonly<Record<string, number>>;
  /** Heads published since the last report; at most the newest 100,000. */
  readonly heads: readonly FleetHead[];
}

/** Many simulated logs in a process of their own, so that what the server costs can be told from what they cost. */
export class LogFleet {
  private constructor(
    private readonly child: Child<FleetCommand, FleetReport>,
    readonly ready: FleetReady,
  ) {}

  static async start(groups: readonly FleetGroup[]): Promise<LogFleet> {
    const setup: FleetSetup = { groups };
    const { ready, child } = await Child.start<FleetCommand, FleetReport>('./log-fleet-child.js', setup);
    return new LogFleet(child, ready as FleetReady);
  }

  /** Does it, and tells how things are afterwards. */
  tell(command: FleetCommand): Promise<FleetReport> {
    return this.child.ask(command);
  }

  usage(): ProcessUsage {
    return usageOf(this.child.pid);
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
