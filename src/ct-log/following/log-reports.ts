import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { CLUSTER, type Cluster } from '../../cluster/cluster.js';
import { ctLogConfig } from '../../config/config-namespace.js';
import { withoutScheme } from '../../config/log-url.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { LogStateStore } from '../state/log-state-store.js';
import { type LogReport, type OwnLogReport, reportLog } from './log-report.js';
import { readLogReports, type ReadReports } from './log-report-schema.js';
import { TailingService } from './tailing.service.js';

const TOPIC = 'logs';
/** Gaps and files of evidence of a log that the other members get, so that the reports of some hundred logs fit in one message. */
const MAX_SENT = 10;

/**
 * Reports on all followed logs. The members of a cluster send each other the reports on their logs every two seconds, so every member
 * has all of them.
 */
@Injectable()
export class LogReports {
  /** The reports in a message of another member. The cluster returns the same object until the next message. */
  private readonly read = new WeakMap<object, ReadReports>();
  private readonly problems = new ProblemLog(new Logger(LogReports.name));

  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
    @Inject(ctLogConfig.KEY) private readonly config: ConfigType<typeof ctLogConfig>,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {
    cluster?.publish(TOPIC, () => this.own().map(shortened));
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
    return this.newest(known).map(({ report }) => report);
  }

  /** Returns the last report on each log that this server does not follow, with the id of the member that sent it. */
  private newest(known: ReadonlySet<string>): { readonly id: string; readonly report: LogReport }[] {
    const found = new Map<string, { readonly id: string; readonly report: LogReport }>();
    const names = new Map(this.cluster?.members().map(({ id, name }) => [id, name]));
    for (const [id, message] of this.cluster?.reports(TOPIC) ?? []) {
      for (const report of this.reportsIn(message, names.get(id) ?? id)) {
        const key = keyOf(report);
        const other = found.get(key);
        // While a log is handed over, two members may report it.
        if (known.has(key) || (other !== undefined && placeOf(other.report) >= placeOf(report))) continue;
        found.set(key, { id, report: { ...report, member: names.get(id) ?? id } });
      }
    }
    return [...found.values()];
  }

  /** Returns the number of logs that each live member follows, by its id. */
  counts(): Map<string, number> {
    const { cluster } = this;
    const followed = this.tailing.followed();
    const counts = new Map(cluster === undefined ? [] : [[cluster.self.id, followed.length]]);
    const known = new Set(followed.map(({ log }) => keyOf(log.source)));
    for (const { id } of this.newest(known)) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }

  private own(): OwnLogReport[] {
    const now = Date.now();
    return this.tailing.followed().map((log) => reportLog(log, this.states, this.config.verification, now));
  }

  private reportsIn(message: unknown, sender: string): readonly OwnLogReport[] {
    if (typeof message !== 'object' || message === null) return [];
    let read = this.read.get(message);
    if (read === undefined) {
      this.read.set(message, (read = readLogReports(message)));
      if (read.unreadable > 0)
        this.problems.report(
          sender,
          `cluster: ${read.unreadable} reports of the member ${sender} on its logs cannot be read here; /logs lacks them`,
        );
      else this.problems.resolved(sender);
    }
    return read.reports;
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

function placeOf({ streamed_index: index }: OwnLogReport): number {
  return index ?? -1;
}

function keyOf({ url }: { readonly url: string }): string {
  return withoutScheme(url);
}
