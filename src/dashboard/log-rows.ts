import { Injectable } from '@nestjs/common';
import { type FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';
import type { LogReport } from '../ct-log/following/log-report.js';
import { LogReports } from '../ct-log/following/log-reports.js';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import { catchUpSeconds, verdictOf } from '../ct-log/reporting/log-verdict.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { millisecondsOf } from '../kernel/iso-time.js';
import type { DashboardData, DashboardLog } from './dashboard-data.js';

/** The logs and the log list for the dashboard. */
@Injectable()
export class LogRows {
  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
    private readonly logList: LogListService,
    private readonly reports: LogReports,
  ) {}

  /**
   * Returns a row for each log of this server, then for those of the other members of the cluster.
   * @param now milliseconds since the epoch.
   */
  logs(now: number): DashboardLog[] {
    const own = this.tailing.followed().map((followed) => this.row(followed, now));
    return [...own, ...this.reports.others().map(rowOfReport)];
  }

  get list(): DashboardData['log_list'] {
    const { isUsed, source, version, lastError } = this.logList.status;
    return {
      source: isUsed ? source : 'unused',
      version: version ?? null,
      error: lastError?.code ?? null,
    };
  }

  private row({ log, status }: FollowedLog, now: number): DashboardLog {
    const { name, url, operator, type } = log.source;
    const missing = this.states.gaps(log).missing(false);
    // The rates of a log that does not answer are those of the time before.
    const isFollowing = status.state === 'following';
    return {
      name,
      url,
      operator,
      type,
      state: status.state,
      verdict: verdictOf(status, { now, missing, isReadOnly: log.readOnly === true }),
      tree_size: status.treeSize,
      streamed_index: status.nextIndex ?? null,
      verified_index: status.verifiedIndex ?? null,
      lag: status.lag,
      rates: isFollowing
        ? { growth: status.growthRate ?? null, delivery: status.deliveryRate ?? null }
        : { growth: null, delivery: null },
      catch_up_seconds: catchUpSeconds(status) ?? null,
      head_ms: status.treeHeadTimestamp || null,
      last_entry_ms: status.lastEntryAt || null,
      verification: status.verification,
      missing_entries: missing,
      last_error:
        status.lastErrorCode === '' ? null : { code: status.lastErrorCode, at_ms: status.lastErrorAt },
      member: this.reports.selfName,
    };
  }
}

/** Returns the row of a log that another member follows. */
function rowOfReport(report: LogReport): DashboardLog {
  const { name, url, operator, type, state, verdict, tree_size, streamed_index, verified_index, lag } =
    report;
  const { rates, head, entries, verification, last_error: error } = report;
  const isFollowing = state === 'following';
  return {
    name,
    url,
    operator,
    type,
    state,
    verdict,
    tree_size,
    streamed_index,
    verified_index,
    lag,
    rates: {
      growth: isFollowing ? rates.growth : null,
      delivery: isFollowing ? rates.delivery : null,
    },
    catch_up_seconds: report.catch_up_seconds,
    head_ms: millisecondsOf(head?.timestamp),
    last_entry_ms: millisecondsOf(entries.last_at),
    verification: verification.state,
    missing_entries: report.missing_entries,
    last_error: error && { code: error.code, at_ms: millisecondsOf(error.at) ?? 0 },
    member: report.member,
  };
}
