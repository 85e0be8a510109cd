import { Controller, Get, Header, Inject } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { type LogReport, reportLog } from './log-report.js';

/** Serves `/logs`, which reports on every followed log. */
@Controller()
export class LogsController {
  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
  ) {}

  @Get('logs')
  @Header('Cache-Control', 'no-store')
  logs(): { readonly logs: readonly LogReport[] } {
    const { verification } = this.config.ct_log;
    return { logs: this.tailing.followed().map((log) => reportLog(log, this.states, verification)) };
  }
}
