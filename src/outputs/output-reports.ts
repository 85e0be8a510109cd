import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { UnitReports } from '../cluster/unit-reports.js';
import { cursorAt } from '../feed/cursor.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../feed/journal/entry-journal.js';
import { isoTime } from '../kernel/iso-time.js';
import { ProblemLog } from '../logging/problem-log.js';
import type { OutputReport, OwnOutputReport } from './output-report.js';
import { ownOutputReport } from './output-report-schema.js';
import { outputVerdict } from './output-verdict.js';
import { Outputs, type RegisteredOutput } from './outputs.js';

/**
 * Reports on all outputs. Each output runs at one member of a cluster. The members send each other the reports on their outputs every two
 * seconds, so every member has all of them.
 */
@Injectable()
export class OutputReports {
  private readonly shared: UnitReports<OwnOutputReport> | undefined;

  constructor(
    private readonly outputs: Outputs,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {
    this.shared =
      cluster &&
      new UnitReports<OwnOutputReport>(cluster, {
        topic: 'outputs',
        page: '/api/outputs',
        own: () => this.own(),
        read: (item) => ownOutputReport.safeParse(item).data,
        keyOf: ({ name }) => name,
        placeOf: ({ position }) => position.seq,
        problems: new ProblemLog(new Logger(OutputReports.name)),
      });
  }

  /**
   * Returns the reports on the outputs of this server, and in a cluster those of all members, by name of the output.
   * @param showsTexts whether they contain the texts of errors, which may name hosts of the operator's network.
   */
  all(showsTexts: boolean): OutputReport[] {
    const reports = this.reports();
    return showsTexts ? reports : reports.map(withoutText);
  }

  private reports(): OutputReport[] {
    const { cluster, shared } = this;
    const own = this.own().map((report) => ({ ...report, member: cluster?.self.name ?? null }));
    if (shared === undefined) return own;
    const others = shared.others(new Set(own.map(({ name }) => name)));
    return [...own, ...others.map(({ report, member }) => ({ ...report, member }))].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  private own(): OwnOutputReport[] {
    const now = Date.now();
    return this.outputs.registered().map((output) => reportOutput(output, this.journal, now));
  }
}

function reportOutput(registered: RegisteredOutput, journal: EntryJournal, now: number): OwnOutputReport {
  const { output, stats, backlog } = registered;
  const { records, entries, bytes, oldestTime = now } = backlog;
  const { acknowledged: seq, lastFailure } = stats;
  return {
    name: output.name,
    type: output.type ?? null,
    required: output.required === true,
    verdict: outputVerdict(registered, now),
    position: {
      seq,
      time: new Date(oldestTime).toISOString(),
      cursor: cursorAt(journal, { seq: seq + 1, index: 0 }),
    },
    backlog: { records, entries, bytes, seconds: Math.max(0, now - oldestTime) / 1000 },
    failing_since: isoTime(stats.failingSince),
    last_error: lastFailure
      ? {
          code: lastFailure.code,
          message: lastFailure.message,
          time: new Date(lastFailure.time).toISOString(),
        }
      : null,
    last_acknowledgement: isoTime(stats.lastAcknowledgedAt),
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

function withoutText(report: OutputReport): OutputReport {
  const { last_error: error } = report;
  return { ...report, last_error: error && { ...error, message: null } };
}
