import { basename } from 'node:path';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import type { Clock } from '../../kernel/clock.js';
import type { ProblemLog } from '../../logging/problem-log.js';
import type { ClientProblems } from '../client/client-problems.js';
import type { CtLog } from '../client/ct-log.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError } from '../client/ct-log-error.js';
import { type ContradictionError, rollback } from './contradiction.js';
import type { EvidenceFolder } from './evidence-folder.js';
import type { LogCounters } from './log-counters.js';
import type { LogStatus } from './log-status.js';

/** Code of an error without a code of its own: a defect. */
const UNEXPECTED = 'CT_UNEXPECTED';
const NO_PROOF = 'CT_PROOF_UNAVAILABLE';
const CONTRADICTIONS = ['CT_TREE_MISMATCH', 'CT_TREE_FORK'];
/** Divisions of a request that are not logged: about as many as lead to a request for one entry. */
const QUIET_DIVISIONS = 12;
const MAX_REPORTED = 1000;

export interface LogReporterOptions {
  readonly log: CtLog;
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly problems: ProblemLog;
  readonly evidence: Pick<EvidenceFolder, 'keep'>;
  readonly clock: Pick<Clock, 'wallTime'>;
}

/**
 * LogReporter counts and logs the failures and contradictions of one log, keeps evidence of contradictions, and sets the
 * verification state of the log. No other component does.
 */
export class LogReporter implements ClientProblems {
  private readonly open = new Set<string>();
  private divisions = 0;
  /** Equivocations and rollbacks that were reported; each is reported once. Bounded by {@link MAX_REPORTED}. */
  private readonly reported = new Set<string>();
  /** Whether the last signed tree is smaller than an earlier one. Then no proof of the earlier one makes the log `verified`. */
  private hasShrunkenTree = false;

  constructor(private readonly options: LogReporterOptions) {}

  /** Counts and logs a failure, after which the log is `failing`, except as long as smaller requests may succeed. */
  report(error: unknown): void {
    const code = error instanceof CertstreamError ? error.code : UNEXPECTED;
    const isDivided = error instanceof CtLogError && error.entries?.next === 'less';
    if (isDivided && ++this.divisions <= QUIET_DIVISIONS) {
      this.count(code);
      return;
    }
    const stack = code === UNEXPECTED && error instanceof Error ? { stack: error.stack } : {};
    this.open.add(code);
    this.note(code, messageOf(error), stack);
    this.options.status.fail(code, this.options.clock.wallTime());
  }

  /** Ends the failures that {@link report} logged: the log answers again. The reason why it is `broken` stays until the next proof. */
  recovered(): void {
    this.divisions = 0;
    const isBroken = this.options.status.verification === 'broken';
    for (const code of this.open) {
      if (isBroken && CONTRADICTIONS.includes(code)) continue;
      this.settled(code);
      this.open.delete(code);
    }
  }

  /** Counts and logs a problem that does not end with the next success, for example a smaller tree head. */
  note(code: string, message: string, fields: object = {}): void {
    const { name, url } = this.options.log.source;
    this.count(code);
    this.options.problems.report(`${url} ${code}`, `${name}: ${message}`, { log: url, code, ...fields });
  }

  /** Ends a problem that {@link note} logged. */
  settled(code: string): void {
    this.options.problems.resolved(`${this.options.log.source.url} ${code}`);
  }

  /** Counts an error without logging it. */
  count(code: string): void {
    const { counters, status, clock } = this.options;
    counters.countError(code);
    status.lastErrorCode = code;
    status.lastErrorAt = clock.wallTime();
  }

  /** Counts an answer that refuses the rate. */
  limited(): void {
    const { counters, status, clock } = this.options;
    counters.rateLimited++;
    status.rateLimitedAt = clock.wallTime();
  }

  /** Counts and logs a contradiction and keeps its evidence. A known equivocation or rollback is ignored. */
  contradiction(error: ContradictionError): void {
    const key = repeatKey(error);
    if (key !== undefined) {
      if (this.reported.has(key) || this.reported.size >= MAX_REPORTED) return;
      this.reported.add(key);
    }
    this.options.counters.verificationFailures++;
    this.note(error.code, error.message);
    void this.keepEvidence(error);
  }

  /** Reports a contradiction that stays. Where entries are verified, the log is `broken` until the next proof. */
  broken(error: ContradictionError): void {
    const { status, clock } = this.options;
    if (status.verification !== 'off') {
      if (status.verification !== 'broken') status.brokenSince = clock.wallTime();
      status.verification = 'broken';
      status.brokenReason = error.message;
      status.brokenCode = error.code;
    }
    this.contradiction(error);
  }

  /** Reports that the log signed a smaller tree later than `known`. */
  treeShrank(known: SignedTreeHead, smaller: SignedTreeHead): void {
    this.hasShrunkenTree = true;
    this.broken(rollback(known, smaller));
  }

  /** Reports that the log signed its largest tree again, or a larger one, after the smaller one. */
  treeGrew(): void {
    this.hasShrunkenTree = false;
  }

  /** Sets the state `starting`, except in `broken`: nothing is proven yet, or the entries after the proven ones form a gap. */
  unproven(): void {
    const { status } = this.options;
    if (status.verification !== 'broken') status.verification = 'starting';
  }

  /** Reports that all entries before `size` are proven. */
  proven(size: number): void {
    const { status } = this.options;
    status.verifiedIndex = size;
    if (status.verification === 'verified' || this.hasShrunkenTree) return;
    status.verification = 'verified';
    status.brokenSince = 0;
    status.brokenReason = '';
    status.brokenCode = '';
    for (const code of CONTRADICTIONS) this.settled(code);
    this.settled(NO_PROOF);
  }

  /** Reports that the log did not serve a proof. It is requested again later. */
  proofFailed(error: unknown): void {
    this.options.counters.proofFailures++;
    const reason = messageOf(error);
    this.note(NO_PROOF, `no proof is available, streamed entries are not verified yet: ${reason}`);
  }

  private async keepEvidence(error: ContradictionError): Promise<void> {
    const { log, status, evidence } = this.options;
    const path = await evidence.keep(log, error);
    if (path !== undefined) status.evidenceFiles.push(basename(path));
  }
}

function repeatKey({ kind, trees }: ContradictionError): string | undefined {
  if (kind === 'equivocation') return trees.sort().join(' ');
  return kind === 'rollback' ? `rollback ${trees[0]}` : undefined;
}
