import { Controller, Get, Header } from '@nestjs/common';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { TailingService } from '../ct-log/tailing/tailing.service.js';
import { type LogReport, reportLog } from './log-report.js';

/** What is known of every followed log. */
@Controller()
export class LogsController {
  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
  ) {}

  @Get('logs')
  @Header('Cache-Control', 'no-store')
  logs(): { readonly logs: readonly LogReport[] } {
    return { logs: this.tailing.followed().map((followed) => reportLog(followed, this.states)) };
  }
}
