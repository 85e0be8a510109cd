import { Controller, Inject, UseFilters } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { ctLogConfig } from '../config/config-namespace.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { type LogReport, reportLog } from './log-report.js';

/** Serves `/logs`, which reports on every followed log. */
@Controller()
@UseFilters(ApiErrorFilter)
export class LogsController {
  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
    @Inject(ctLogConfig.KEY) private readonly config: ConfigType<typeof ctLogConfig>,
  ) {}

  @FixedRoute(() => ['/logs'])
  @Documented({ summary: 'A report on every followed log.', answers: { json: ['log_reports'] } })
  logs(): { readonly logs: readonly LogReport[] } {
    const { verification } = this.config;
    const now = Date.now();
    return { logs: this.tailing.followed().map((log) => reportLog(log, this.states, verification, now)) };
  }
}
