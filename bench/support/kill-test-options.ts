import type { ServerCommand } from './server-process.js';

/** What all tests have in common that kill the server while entries arrive. */
export interface KillTestOptions {
  /** Number of times the server is killed with SIGKILL. */
  readonly kills: number;
  /** Entries per second over all logs. */
  readonly rate: number;
  readonly logs: number;
  readonly seed: number;
  readonly print: (line: string) => void;
  /** Default: the server that was built with the benchmark. */
  readonly command?: ServerCommand;
}

export interface KillTestResult {
  readonly mistakes: readonly string[];
  /** Entries that were checked. */
  readonly entries: number;
}
