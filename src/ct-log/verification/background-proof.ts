import { CtHttpStatusError } from '../client/ct-log-error.js';
import type { Clock } from '../../kernel/clock.js';
import { GrowingPause } from '../../kernel/growing-pause.js';
import type { VerificationReports } from './verification-reports.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 600_000;

export interface BackgroundProofOptions {
  readonly clock: Clock;
  readonly reports: VerificationReports;
}

/** Asks for one proof at a time while streaming goes on, with growing pauses after those that cannot be had. */
export class BackgroundProof {
  private readonly pause = new GrowingPause(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  private task: Promise<void> | undefined;

  constructor(private readonly options: BackgroundProofOptions) {}

  /** Whether the next one may be asked for. */
  get isDue(): boolean {
    return this.task === undefined && this.pause.isOver(this.options.clock.now());
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
    this.pause.grow(this.options.clock.now(), leastMs);
  }

  /** Something was proven. */
  succeeded(): void {
    this.pause.reset();
  }
}
