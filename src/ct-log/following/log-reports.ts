import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { CLUSTER, type Cluster } from '../../cluster/cluster.js';
import { UnitReports } from '../../cluster/unit-reports.js';
import { ctLogConfig } from '../../config/config-namespace.js';
import { withoutScheme } from '../../config/log-url.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { LogStateStore } from '../state/log-state-store.js';
import { type LogReport, type OwnLogReport, reportLog } from './log-report.js';
import { logReport } from './log-report-schema.js';
import { TailingService } from './tailing.service.js';

/** Gaps and files of evidence of a log that the other members get, so that the reports of some hundred logs fit in one message. */
const MAX_SENT = 10;

/**
 * Reports on all followed logs. The members of a cluster send each other the reports on their logs every two seconds, so every member
 * has all of them.
 */
@Injectable()
export class LogReports {
  private readonly shared: UnitReports<OwnLogReport> | undefined;

  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
    @Inject(ctLogConfig.KEY) private readonly config: ConfigType<typeof ctLogConfig>,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {
    this.shared =
      cluster &&
      new UnitReports<OwnLogReport>(cluster, {
        topic: 'logs',
        page: '/logs',
        own: () => this.own().map(shortened),
        read: (item) => logReport.safeParse(item).data,
        keyOf,
        placeOf: ({ streamed_index: index }) => index ?? -1,
        problems: new ProblemLog(new Logger(LogReports.name)),
      });
  }

  /** Name of this member of the cluster; null without a cluster. */
  get selfName(): string | null {
    return this.cluster?.self.name ?? null;
  }

  /** Returns the reports on the logs of this server, and in a cluster those of all members, by name of the log. */
  all(): LogReport[] {
    const { cluster } = this;
    const own = this.own().map((report) => ({ ...report, member: this.selfName }));
    if (cluster === undefined) return own;
    return [...own, ...this.others(new Set(own.map(keyOf)))].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Returns the last reports of the other members on logs that this one does not follow.
   * @param known logs that this server follows, see {@link keyOf}.
   */
  others(
    known: ReadonlySet<string> = new Set(this.tailing.followed().map(({ log }) => keyOf(log.source))),
  ): LogReport[] {
    return (this.shared?.others(known) ?? []).map(({ report, member }) => ({ ...report, member }));
  }

  /** Returns the number of logs that each live member follows, by its id. */
  counts(): Map<string, number> {
    const { cluster } = this;
    const followed = this.tailing.followed();
    const counts = new Map(cluster === undefined ? [] : [[cluster.self.id, followed.length]]);
    const known = new Set(followed.map(({ log }) => keyOf(log.source)));
    for (const { id } of this.shared?.others(known) ?? []) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }

  private own(): OwnLogReport[] {
    const now = Date.now();
    return this.tailing.followed().map((log) => reportLog(log, this.states, this.config.verification, now));
  }
}

function shortened(report: OwnLogReport): OwnLogReport {
  const { gaps, verification } = report;
  const files = verification.evidence_files.slice(0, MAX_SENT);
  return {
    ...report,
    verification: { ...verification, evidence_files: files },
    gaps: gaps.slice(0, MAX_SENT),
  };
}

function keyOf({ url }: { readonly url: string }): string {
  return withoutScheme(url);
}
