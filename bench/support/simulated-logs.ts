import { Child } from './child.js';

export interface LogsSetup {
  readonly logs: number;
  /** Number of logs that use static-ct-api. */
  readonly staticCtLogs: number;
  /** Whether RFC 6962 answers are compressed for clients that accept gzip. Tiles always are. */
  readonly gzip: boolean;
  /** Folder of real entries. Without it the simulator issues certificates. */
  readonly corpus: string | undefined;
}

export interface LogsReady {
  readonly listUrl: string;
  readonly publicKeyPem: string;
  readonly logUrls: readonly string[];
}

/** Starts growth, or only requests the counts if there is no head interval. */
export interface LogsCommand {
  readonly entriesPerSecond: number;
  readonly headIntervalMs?: number;
}

/** Counts over all logs since the start. */
export interface LogCounts {
  /** Entries published beyond the initial ones. */
  readonly entries: number;
  readonly requests: number;
}

/** Logs in another process. */
export class SimulatedLogs {
  private constructor(
    private readonly child: Child<LogsCommand, LogCounts>,
    readonly ready: LogsReady,
  ) {}

  static async start(setup: LogsSetup): Promise<SimulatedLogs> {
    const { ready, child } = await Child.start<LogsCommand, LogCounts>('./simulated-logs-child.js', setup);
    return new SimulatedLogs(child, ready as LogsReady);
  }

  /** Starts growth. The rate is for all logs together; at 0 entries per second the logs only sign new heads. */
  async grow(entriesPerSecond: number, headIntervalMs: number): Promise<void> {
    await this.child.ask({ entriesPerSecond, headIntervalMs });
  }

  counts(): Promise<LogCounts> {
    return this.child.ask({ entriesPerSecond: 0 });
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
