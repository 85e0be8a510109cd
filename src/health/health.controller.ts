import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import type { Response } from 'express';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import type { LogState } from '../ct-log/tailing/log-stats.js';
import { TailingService } from '../ct-log/tailing/tailing.service.js';

interface Readiness {
  readonly status: 'ready' | 'not ready';
  /** Number of logs by state. */
  readonly logs: Readonly<Record<LogState, number>>;
  readonly log_list: {
    /** `unused` when only configured logs are followed. */
    readonly source: 'network' | 'cache' | 'none' | 'unused';
    readonly version: string | null;
    /** Code of what went wrong since the last accepted download. */
    readonly error: string | null;
  };
}

/** Whether the process lives, and whether it does its work. */
@Controller()
export class HealthController {
  constructor(
    private readonly tailing: TailingService,
    private readonly logList: LogListService,
  ) {}

  @Get('healthz')
  @Header('Cache-Control', 'no-store')
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** 200 while at least one log is followed, else 503. */
  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  ready(@Res({ passthrough: true }) response: Response): Readiness {
    const logs = { starting: 0, following: 0, failing: 0, stopped: 0 };
    for (const { stats } of this.tailing.followed()) logs[stats.state]++;
    const isReady = logs.following > 0;
    if (!isReady) response.status(HttpStatus.SERVICE_UNAVAILABLE);
    const { isUsed, source, version, lastError } = this.logList.status;
    return {
      status: isReady ? 'ready' : 'not ready',
      logs,
      log_list: {
        source: isUsed ? source : 'unused',
        version: version ?? null,
        error: lastError?.code ?? null,
      },
    };
  }
}
