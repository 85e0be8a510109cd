import { durationText, isRecent, timeText, type VerdictLevel } from '../../kernel/verdict.js';
import type { LogStatus } from './log-status.js';

/** Where a log stands, in words. */
export interface LogVerdict {
  readonly level: VerdictLevel;
  readonly code: LogVerdictCode;
  /** For people, without a full stop, such as "catching up, done in about 12 minutes". */
  readonly text: string;
}

export const LOG_VERDICT_CODES = [
  'keeping_up',
  'read_only',
  'waiting_for_head',
  'catching_up',
  'rate_limited',
  'unverified',
  'missing_entries',
  'failing',
  'falling_behind',
  'stale_head',
  'broken',
  'position_ahead',
  'stopped',
] as const;
export type LogVerdictCode = (typeof LOG_VERDICT_CODES)[number];

/** What a verdict depends on in addition to the status of the log. */
export interface VerdictFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Entries that the log did not serve and that are requested again. */
  readonly missing: number;
  /** Whether the log takes no more entries. */
  readonly isReadOnly: boolean;
}

/** A failure that lasts longer is a problem for the operator; most outages of logs are shorter. */
const SHORT_FAILURE_MS = 60_000;
/** A refusal because of the rate explains a backlog for this time. */
const RATE_LIMITED_MS = 300_000;
/** The log does not answer at all. */
const SILENT_CODES: ReadonlySet<string> = new Set(['CT_NETWORK', 'CT_TIMEOUT']);

/** Returns where the log stands. If several things can be said, it is the worst one. */
export function verdictOf(status: LogStatus, facts: VerdictFacts): LogVerdict {
  if (status.verification === 'broken') return broken(status);
  switch (status.state) {
    case 'stopped':
      return verdict('busy', 'stopped', 'no longer followed');
    case 'starting':
      return verdict('busy', 'waiting_for_head', 'waiting for the first head');
    case 'failing':
      return failing(status, facts);
    case 'following':
      return following(status, facts);
  }
}

/**
 * Returns the estimated time until the log has no backlog, in seconds; undefined without a backlog, and if the log grows as fast as its
 * entries arrive, if the log is not followed now, or if the rates are not known yet.
 */
export function catchUpSeconds(status: LogStatus): number | undefined {
  const { growthRate, deliveryRate, lag } = status;
  if (
    status.state !== 'following' ||
    !status.hasBacklog ||
    growthRate === undefined ||
    deliveryRate === undefined
  )
    return undefined;
  return deliveryRate > growthRate ? lag / (deliveryRate - growthRate) : undefined;
}

function broken({ brokenCode, brokenReason }: LogStatus): LogVerdict {
  const word = brokenCode === 'CT_TREE_FORK' ? 'forked' : 'broken';
  return verdict('bad', 'broken', `${word}: ${brokenReason}`);
}

function failing({ failureCode: code, failingSince }: LogStatus, { now }: VerdictFacts): LogVerdict {
  if (code === 'CT_POSITION_AHEAD')
    return verdict('bad', 'position_ahead', 'the saved position is beyond the tree of the log');
  const since = `since ${timeText(failingSince, now)}`;
  const level = isRecent(failingSince, now, SHORT_FAILURE_MS) ? 'busy' : 'bad';
  if (code === 'CT_RATE_LIMITED') return verdict(level, 'rate_limited', `rate limited by the log ${since}`);
  const what = SILENT_CODES.has(code)
    ? `the log does not answer ${since}`
    : `the log fails ${since} (${code})`;
  return verdict(level, 'failing', what);
}

function following(status: LogStatus, facts: VerdictFacts): LogVerdict {
  const { hasBacklog, hasStaleHead, treeHeadTimestamp, verification } = status;
  if (status.fallingBehind) return fallingBehind(status, facts);
  if (hasStaleHead) {
    const time = timeText(treeHeadTimestamp, facts.now);
    return verdict('bad', 'stale_head', `stale head: the log has signed none since ${time}`);
  }
  if (hasBacklog) return catchingUp(status, facts);
  if (facts.missing > 0) {
    const entries = facts.missing === 1 ? '1 entry is' : `${facts.missing} entries are`;
    return verdict('busy', 'missing_entries', `keeping up, but ${entries} missing`);
  }
  if (verification === 'starting') return verdict('busy', 'unverified', 'keeping up, not verified yet');
  if (facts.isReadOnly) return verdict('good', 'read_only', 'complete: the log is read-only');
  return verdict('good', 'keeping_up', 'keeping up');
}

function fallingBehind(status: LogStatus, facts: VerdictFacts): LogVerdict {
  const { growthRate = 0, deliveryRate = 0 } = status;
  const rates = `it grows by ${rateText(growthRate)} entries/s and ${rateText(deliveryRate)}/s arrive`;
  const reason = isRateLimited(status, facts) ? ', rate limited by the log' : '';
  return verdict('bad', 'falling_behind', `falling behind${reason}: ${rates}`);
}

function catchingUp(status: LogStatus, facts: VerdictFacts): LogVerdict {
  const seconds = catchUpSeconds(status);
  const end = seconds === undefined ? '' : `, done in ${durationText(seconds)}`;
  return isRateLimited(status, facts)
    ? verdict('busy', 'rate_limited', `rate limited by the log${end}`)
    : verdict('busy', 'catching_up', `catching up${end}`);
}

function isRateLimited({ rateLimitedAt }: LogStatus, { now }: VerdictFacts): boolean {
  return rateLimitedAt > 0 && isRecent(rateLimitedAt, now, RATE_LIMITED_MS);
}

function verdict(level: VerdictLevel, code: LogVerdictCode, text: string): LogVerdict {
  return { level, code, text };
}

function rateText(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}
