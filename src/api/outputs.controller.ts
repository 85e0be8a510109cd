import type { IncomingMessage } from 'node:http';
import { Controller, Inject, Req, UseFilters } from '@nestjs/common';
import { cursorAt } from '../feed/cursor.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../feed/journal/entry-journal.js';
import { Outputs, type RegisteredOutput } from '../outputs/outputs.js';
import { Admission } from '../web/admission.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { apiPage } from './api-page.js';

/** Answer of `/api/outputs`. Times are ISO 8601 in UTC. It contains no settings, because they may be secrets. */
export interface OutputsDocument {
  readonly outputs: readonly OutputDocument[];
}

export interface OutputDocument {
  readonly name: string;
  /** Null for an output of a module that has no type. */
  readonly type: string | null;
  readonly required: boolean;
  readonly position: {
    /** Number of the last record that was acknowledged. */
    readonly seq: number;
    /** All entries that the server received before this time are acknowledged or skipped. */
    readonly time: string;
    /** The cursor after that record, for `?since=` and `outputs reset`. */
    readonly cursor: string;
  };
  readonly backlog: {
    readonly records: number;
    readonly entries: number;
    readonly bytes: number;
    readonly seconds: number;
  };
  readonly failing_since: string | null;
  readonly last_error: {
    readonly code: string;
    /** Null for a token with a filter, and for one that does not open the full stream. */
    readonly message: string | null;
    readonly time: string;
  } | null;
  readonly last_acknowledgement: string | null;
  /** Since the start of the server. */
  readonly counts: {
    readonly acknowledged_records: number;
    readonly acknowledged_entries: number;
    readonly repeated_entries: number;
    readonly failures: number;
    readonly refused_messages: number;
    readonly skipped_records: number;
  };
}

/**
 * Serves `/api/outputs`. It shows figures of the server, like `/logs`, so every valid token opens it. The texts of errors may name hosts
 * of the operator's network; a token for a part of the entries, which was made for somebody else, gets only their codes.
 */
@Controller()
@UseFilters(ApiErrorFilter)
export class OutputsController {
  constructor(
    private readonly outputs: Outputs,
    private readonly admission: Admission,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
  ) {}

  @FixedRoute(apiPage('/api/outputs'))
  @Documented({
    summary: 'The outputs: position, backlog, last error and counts.',
    answers: { json: ['outputs'] },
  })
  list(@Req() request: IncomingMessage): OutputsDocument {
    const showsTexts = this.admission.tokens.opensEverything(request);
    return { outputs: this.outputs.registered().map((output) => this.document(output, showsTexts)) };
  }

  private document({ output, stats, backlog }: RegisteredOutput, showsTexts: boolean): OutputDocument {
    const now = Date.now();
    const { records, entries, bytes, oldestTime = now } = backlog;
    const { acknowledged: seq, lastFailure } = stats;
    return {
      name: output.name,
      type: output.type ?? null,
      required: output.required === true,
      position: {
        seq,
        time: new Date(oldestTime).toISOString(),
        cursor: cursorAt(this.journal, { seq: seq + 1, index: 0 }),
      },
      backlog: { records, entries, bytes, seconds: Math.max(0, now - oldestTime) / 1000 },
      failing_since: timeOf(stats.failingSince),
      last_error:
        lastFailure === undefined
          ? null
          : {
              code: lastFailure.code,
              message: showsTexts ? lastFailure.message : null,
              time: new Date(lastFailure.time).toISOString(),
            },
      last_acknowledgement: timeOf(stats.lastAcknowledgedAt),
      counts: {
        acknowledged_records: stats.records,
        acknowledged_entries: stats.entries,
        repeated_entries: stats.repeatedEntries,
        failures: stats.failures,
        refused_messages: output.refused ?? 0,
        skipped_records: stats.skipped,
      },
    };
  }
}

/** @param ms since the epoch; 0 for never. */
function timeOf(ms: number): string | null {
  return ms === 0 ? null : new Date(ms).toISOString();
}
