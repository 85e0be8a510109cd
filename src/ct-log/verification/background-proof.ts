import { CtHttpStatusError } from '../client/ct-log-error.js';
import type { Clock } from '../../kernel/clock.js';
import { Backoff } from '../../kernel/backoff.js';
import type { VerificationReports } from './verification-reports.js';

const PAUSES = { firstMs: 1000, longestMs: 600_000 };

export interface BackgroundProofOptions {
  readonly clock: Clock;
  readonly reports: VerificationReports;
}

/** Asks for one proof at a time while streaming goes on, with growing pauses after those that cannot be had. */
export class BackgroundProof {
  private readonly backoff: Backoff;
  private task: Promise<void> | undefined;

  constructor(private readonly options: BackgroundProofOptions) {
    this.backoff = new Backoff(PAUSES, options.clock);
  }

  /** Whether the next one may be asked for. */
  get isDue(): boolean {
    return this.task === undefined && this.backoff.isOver;
  }

  /** @param work rejects when the proof cannot be had. */
  begin(work: Promise<void>, signal: AbortSignal): void {
    const failed = (error: unknown): void => {
      if (signal.aborted) return;
      this.postpone(error instanceof CtHttpStatusError ? error.retryAfterMs : undefined);
      this.options.reports.proofFailed(error);
    };
    this.task = work.catch(failed).finally(() => (this.task = undefined));
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.task;
  }

  /** What came contradicts, or did not come. @param leastMs what the log asked for. */
  postpone(leastMs?: number): void {
    this.backoff.failed(leastMs);
  }

  /** Something was proven. */
  succeeded(): void {
    this.backoff.reset();
  }
}
