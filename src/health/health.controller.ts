import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Public } from '../web/auth/route-access.js';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import type { LogState, VerificationState } from '../ct-log/reporting/log-stats.js';
import { TailingService } from '../ct-log/following/tailing.service.js';

interface Readiness {
  readonly status: 'ready' | 'not ready';
  /** Number of logs by state. */
  readonly logs: Readonly<Record<LogState, number>>;
  /** Number of logs by what verification says. */
  readonly verification: Readonly<Record<VerificationState, number>>;
  /** Entries that logs did not deliver and that are asked for again. */
  readonly missing_entries: number;
  readonly log_list: {
    /** `unused` when only configured logs are followed. */
    readonly source: 'network' | 'cache' | 'none' | 'unused';
    readonly version: string | null;
    /** Code of what went wrong since the last accepted download. */
    readonly error: string | null;
  };
}

/** Whether the process lives, and whether it does its work. */
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly tailing: TailingService,
    private readonly logList: LogListService,
    private readonly states: LogStateStore,
  ) {}

  @Get('healthz')
  @Header('Cache-Control', 'no-store')
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** 200 while at least one log is followed, else 503; a log whose verification is broken is streamed all the same. */
  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  ready(@Res({ passthrough: true }) response: Response): Readiness {
    const logs = { starting: 0, following: 0, failing: 0, stopped: 0 };
    const verification = { off: 0, starting: 0, verified: 0, broken: 0 };
    let missing = 0;
    for (const { log, stats } of this.tailing.followed()) {
      logs[stats.state]++;
      verification[stats.verification]++;
      missing += this.states.gaps(log).missing(false);
    }
    const isReady = logs.following > 0;
    if (!isReady) response.status(HttpStatus.SERVICE_UNAVAILABLE);
    const { isUsed, source, version, lastError } = this.logList.status;
    return {
      status: isReady ? 'ready' : 'not ready',
      logs,
      verification,
      missing_entries: missing,
      log_list: {
        source: isUsed ? source : 'unused',
        version: version ?? null,
        error: lastError?.code ?? null,
      },
    };
  }
}
