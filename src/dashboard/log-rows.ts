import { Injectable } from '@nestjs/common';
import { type FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import { catchUpSeconds, verdictOf } from '../ct-log/reporting/log-verdict.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import type { DashboardData, DashboardLog } from './dashboard-data.js';

/** The logs and the log list for the dashboard. */
@Injectable()
export class LogRows {
  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
    private readonly logList: LogListService,
  ) {}

  /** @param now milliseconds since the epoch. */
  logs(now: number): DashboardLog[] {
    return this.tailing.followed().map((followed) => this.row(followed, now));
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
    };
  }
}
