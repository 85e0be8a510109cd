import { Inject, Optional } from '@nestjs/common';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { type HealthContribution, HealthIndicator } from '../discovery/health-indicator.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import type { FollowState, VerificationState } from '../ct-log/reporting/log-status.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';

interface LogHealthReport {
  readonly name: 'logs';
  readonly ready: boolean;
  readonly detail: {
    /** Number of logs by state. */
    readonly logs: Readonly<Record<FollowState, number>>;
    /** Number of logs by verification state. */
    readonly verification: Readonly<Record<VerificationState, number>>;
    /** Entries that logs did not deliver and that the server keeps requesting. */
    readonly missing_entries: number;
    readonly log_list: {
      /** `unused` if the server follows configured logs only. */
      readonly source: 'network' | 'cache' | 'none' | 'unused';
      readonly version: string | null;
      /** Code of the last error since the last accepted download. */
      readonly error: string | null;
    };
  };
}

/**
 * Is ready while at least one log is followed. Logs with broken verification count, because they are still streamed. A member of a cluster
 * is ready without a log: it serves the entries of the others.
 */
@HealthIndicator()
export class LogHealth implements HealthContribution {
  constructor(
    private readonly tailing: TailingService,
    private readonly logList: LogListService,
    private readonly states: LogStateStore,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {}

  health(): LogHealthReport {
    const logs = { starting: 0, following: 0, failing: 0, stopped: 0 };
    const verification = { off: 0, starting: 0, verified: 0, broken: 0 };
    let missing = 0;
    for (const { log, status } of this.tailing.followed()) {
      logs[status.state]++;
      verification[status.verification]++;
      missing += this.states.gaps(log).missing(false);
    }
    const { isUsed, source, version, lastError } = this.logList.status;
    return {
      name: 'logs',
      ready: this.cluster !== undefined || logs.following > 0,
      detail: {
        logs,
        verification,
        missing_entries: missing,
        log_list: {
          source: isUsed ? source : 'unused',
          version: version ?? null,
          error: lastError?.code ?? null,
        },
      },
    };
  }
}
