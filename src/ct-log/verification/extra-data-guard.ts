import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import {
  type ExtraDataCheck,
  type ExtraDataMismatch,
  withoutMismatches,
} from '../../certificate/precertificate/extra-data-check.js';
import type { Clock } from '../../kernel/clock.js';
import { Backoff } from '../../kernel/backoff.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogReporter } from '../reporting/log-reporter.js';

const PRECERTIFICATE = 'CT_PRECERT_MISMATCH';
const ISSUER = 'CT_ISSUER_MISMATCH';
/** Pauses without repeated fetches, after a repeated fetch returned the same mismatch. */
const PAUSES = { firstMs: 60_000, longestMs: 3_600_000 };

export interface ExtraDataGuardOptions {
  /** Shared by all logs; it keeps the result for the last batch. */
  readonly check: ExtraDataCheck;
  readonly counters: LogCounters;
  readonly reporter: LogReporter;
  readonly clock: Clock;
  /** Whether mismatching parts are removed from entries, which are then marked (`parse_error`). */
  readonly leavesOut: boolean;
}

/**
 * ExtraDataGuard decides about entries of one log whose extra data does not match their leaf. They are fetched once more before
 * they are streamed, because most damage happens in transit. Entries that stay wrong are counted, logged and streamed: the log
 * signs only the leaf, and no entry is lost for data that the log does not sign.
 */
export class ExtraDataGuard {
  private readonly backoff: Backoff;
  /** Index of the first entry that is fetched again, until it arrives. */
  private suspect: number | undefined;
  /** Mismatches before this index are counted already. Entries are delivered again when the tree is computed again. */
  private countedTo = 0;

  constructor(private readonly options: ExtraDataGuardOptions) {
    this.backoff = new Backoff(PAUSES, options.clock);
  }

  /** @returns the first entries of the batch, perhaps none. The caller must fetch the remaining ones once more. */
  admit(batch: EntryBatch): EntryBatch {
    const mismatches = this.options.check.run(batch);
    const hasHelped = this.settleSuspect(batch, mismatches);
    const { firstIndex } = batch;
    const suspect =
      hasHelped === undefined && this.backoff.isOver
        ? mismatches.find(({ position }) => firstIndex + position >= this.countedTo)
        : undefined;
    if (suspect === undefined) return this.take(batch, mismatches);
    this.options.reporter.count(suspect.precertificate ? PRECERTIFICATE : ISSUER);
    this.suspect = firstIndex + suspect.position;
    const before = mismatches.filter(({ position }) => position < suspect.position);
    return this.take(sliceEntryBatch(batch, 0, suspect.position), before);
  }

  /** Counts the mismatches of entries that are not fetched again. @returns the batch, without them if `leavesOut`. */
  inspect(batch: EntryBatch): EntryBatch {
    const mismatches = this.options.check.run(batch);
    this.report(batch, mismatches);
    return this.options.leavesOut ? withoutMismatches(batch, mismatches) : batch;
  }

  /** @returns whether the suspect entry matches now; undefined when it is not part of the batch. */
  private settleSuspect(
    { firstIndex, count }: EntryBatch,
    mismatches: readonly ExtraDataMismatch[],
  ): boolean | undefined {
    const { suspect } = this;
    if (suspect === undefined || suspect < firstIndex || suspect >= firstIndex + count) return undefined;
    this.suspect = undefined;
    const hasHelped = mismatches.every(({ position }) => firstIndex + position !== suspect);
    if (hasHelped) this.backoff.reset();
    else this.backoff.failed();
    return hasHelped;
  }

  private take(batch: EntryBatch, mismatches: readonly ExtraDataMismatch[]): EntryBatch {
    const { firstIndex, count } = batch;
    this.report(
      batch,
      mismatches.filter(({ position }) => firstIndex + position >= this.countedTo),
    );
    this.countedTo = Math.max(this.countedTo, firstIndex + count);
    return this.options.leavesOut ? withoutMismatches(batch, mismatches) : batch;
  }

  private report({ firstIndex }: EntryBatch, mismatches: readonly ExtraDataMismatch[]): void {
    const { counters, reporter, leavesOut } = this.options;
    const precertificates = mismatches.filter(({ precertificate }) => precertificate);
    const issuers = mismatches.filter(({ issuer }) => issuer);
    counters.mismatchedPrecertificates += precertificates.length;
    counters.mismatchedIssuers += issuers.length;
    const rest = leavesOut ? 'it is left out' : 'it is streamed unchanged';
    const entry = ([{ position }]: readonly ExtraDataMismatch[]): string => `entry ${firstIndex + position}`;
    if (precertificates.length > 0)
      reporter.note(
        PRECERTIFICATE,
        `the submitted precertificate of ${entry(precertificates)} does not match its leaf; ${rest}`,
      );
    if (issuers.length > 0)
      reporter.note(
        ISSUER,
        `the chain of ${entry(issuers)} does not begin with the issuer of its leaf; ${rest}`,
      );
  }
}
