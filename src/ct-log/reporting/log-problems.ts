import type { ProblemLog } from '../../logging/problem-log.js';
import { CertstreamError } from '../../kernel/certstream-error.js';
import type { CtLog } from '../client/ct-log.js';
import { CtLogError } from '../client/ct-log-error.js';
import type { LogStats } from './log-stats.js';

/** Code of a failure that nobody raised on purpose. */
const UNEXPECTED = 'CT_UNEXPECTED';
/** Until a request is down to one entry; each takes a second or so, if it does not take until a time limit. */
const QUIET_DIVISIONS = 12;

/** Counts and reports what goes wrong with one log, and says when it is over. */
export class LogProblems {
  private readonly open = new Set<string>();
  private divisions = 0;

  constructor(
    private readonly log: CtLog,
    private readonly stats: LogStats,
    private readonly problems: ProblemLog,
  ) {}

  /** @returns whether the log is failing by that: not as long as smaller requests may help. */
  report(error: unknown): boolean {
    const code = error instanceof CertstreamError ? error.code : UNEXPECTED;
    if (
      error instanceof CtLogError &&
      error.entries?.next === 'less' &&
      ++this.divisions <= QUIET_DIVISIONS
    ) {
      this.stats.countError(code);
      return false;
    }
    const message = error instanceof Error ? error.message : String(error);
    const { name, url } = this.log.source;
    this.stats.countError(code);
    const key = `${url} ${code}`;
    this.open.add(key);
    const stack = code === UNEXPECTED && error instanceof Error ? { stack: error.stack } : {};
    this.problems.report(key, `${name}: ${message}`, { log: url, code, ...stack });
    return true;
  }

  /** Counts and reports something that does not end with the next success, as a tree head that goes back. */
  note(code: string, message: string): void {
    const { name, url } = this.log.source;
    this.stats.countError(code);
    this.problems.report(`${url} ${code}`, `${name}: ${message}`, { log: url, code });
  }

  /** What {@link note} reported is over. */
  settled(code: string): void {
    this.problems.resolved(`${this.log.source.url} ${code}`);
  }

  /** Counts something that logs do in normal operation and nobody needs to read about. */
  count(code: string): void {
    this.stats.countError(code);
  }

  resolved(): void {
    this.divisions = 0;
    if (this.open.size === 0) return;
    for (const key of this.open) this.problems.resolved(key);
    this.open.clear();
  }
}
