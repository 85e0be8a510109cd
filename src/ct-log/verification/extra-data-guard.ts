import { ENTRY_COLUMNS, type EntryBatch, EntryColumn, EntryProblem } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import type { Clock } from '../../kernel/clock.js';
import type { LogProblems } from '../reporting/log-problems.js';
import type { LogStats } from '../reporting/log-stats.js';
import { Backoff } from '../../kernel/backoff.js';
import type { ExtraDataCheck, ExtraDataFinding } from '../../certificate/precertificate/extra-data-check.js';

const PRECERTIFICATE = 'CT_PRECERT_MISMATCH';
const ISSUER = 'CT_ISSUER_MISMATCH';
/** Without fetching again, after that did not help. */
const PAUSES = { firstMs: 60_000, longestMs: 3_600_000 };

export interface ExtraDataGuardOptions {
  /** Shared by all logs: it holds on to the last batch that it was given. */
  readonly check: ExtraDataCheck;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly clock: Clock;
  /** Entries go on without the parts that are not of their leaf, and say so (`parse_error`); else as they came. */
  readonly leavesOut: boolean;
}

/**
 * Decides what becomes of entries of one log whose extra data is not of their leaf. They are fetched once more, for most
 * damage happens on the way; what stays so is counted, told, and streamed: the leaf is what the log signed, and no
 * entry is lost over its trimmings.
 */
export class ExtraDataGuard {
  private readonly backoff: Backoff;
  /** Entries before it were asked for twice, if there was reason to. */
  private fetchedAgainTo = 0;
  /** The entry on whose account they were, until it has come. */
  private suspect: number | undefined;
  /** Findings before this index are counted. */
  private countedTo = 0;

  constructor(private readonly options: ExtraDataGuardOptions) {
    this.backoff = new Backoff(PAUSES, options.clock);
  }

  /** @returns what to take of the batch: what is left at its end, perhaps all, is to be fetched once more. */
  admit(batch: EntryBatch): EntryBatch {
    const findings = this.options.check.run(batch);
    const end = batch.firstIndex + batch.count;
    this.judgeSuspect(batch, findings);
    if (findings.length === 0) return batch;
    const suspect = this.backoff.isOver
      ? findings.find(({ position }) => batch.firstIndex + position >= this.fetchedAgainTo)
      : undefined;
    if (suspect === undefined) return this.confirm(batch, findings);
    this.options.problems.count(suspect.precertificate ? PRECERTIFICATE : ISSUER);
    this.suspect = batch.firstIndex + suspect.position;
    this.fetchedAgainTo = end;
    const before = findings.filter(({ position }) => position < suspect.position);
    return this.confirm(sliceEntryBatch(batch, 0, suspect.position), before);
  }

  /** For entries that are taken as they are: @returns the batch, with what was found counted and left out. */
  inspect(batch: EntryBatch): EntryBatch {
    const findings = this.options.check.run(batch);
    this.report(batch, findings);
    return this.withoutWrong(batch, findings);
  }

  /** Whether fetching again has helped. */
  private judgeSuspect({ firstIndex, count }: EntryBatch, findings: readonly ExtraDataFinding[]): void {
    const { suspect } = this;
    if (suspect === undefined || suspect < firstIndex || suspect >= firstIndex + count) return;
    this.suspect = undefined;
    const isStillWrong = findings.some(({ position }) => firstIndex + position === suspect);
    if (isStillWrong) this.backoff.failed();
    else this.backoff.reset();
  }

  private confirm(batch: EntryBatch, findings: readonly ExtraDataFinding[]): EntryBatch {
    const { firstIndex, count } = batch;
    // Entries may come again, for the tree to be computed anew.
    this.report(
      batch,
      findings.filter(({ position }) => firstIndex + position >= this.countedTo),
    );
    this.countedTo = Math.max(this.countedTo, firstIndex + count);
    return this.withoutWrong(batch, findings);
  }

  private report({ firstIndex }: EntryBatch, findings: readonly ExtraDataFinding[]): void {
    const { stats, problems, leavesOut } = this.options;
    const precertificates = findings.filter(({ precertificate }) => precertificate);
    const issuers = findings.filter(({ issuer }) => issuer);
    stats.mismatchedPrecertificates += precertificates.length;
    stats.mismatchedIssuers += issuers.length;
    const what = leavesOut ? 'it is left out' : 'it is streamed as it came';
    const where = ([{ position }]: readonly ExtraDataFinding[]): string => `entry ${firstIndex + position}`;
    if (precertificates.length > 0) {
      const message = `the submitted precertificate of ${where(precertificates)} is not that of its leaf; ${what}`;
      problems.note(PRECERTIFICATE, message);
    }
    if (issuers.length > 0) {
      const message = `the chain of ${where(issuers)} does not begin with the issuer of its leaf; ${what}`;
      problems.note(ISSUER, message);
    }
  }

  private withoutWrong(batch: EntryBatch, findings: readonly ExtraDataFinding[]): EntryBatch {
    if (!this.options.leavesOut || findings.length === 0) return batch;
    const table = batch.table.slice();
    for (const { position, precertificate, issuer } of findings) {
      const row = position * ENTRY_COLUMNS;
      if (precertificate) table[row + EntryColumn.SubmittedStart] = table[row + EntryColumn.SubmittedEnd] = 0;
      if (issuer) table[row + EntryColumn.ChainStart] = table[row + EntryColumn.ChainEnd] = 0;
      if (table[row + EntryColumn.Problem] === EntryProblem.None)
        table[row + EntryColumn.Problem] = EntryProblem.MismatchedExtraData;
    }
    return { ...batch, table };
  }
}
