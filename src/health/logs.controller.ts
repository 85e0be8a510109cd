import { Controller, UseFilters } from '@nestjs/common';
import type { LogReport } from '../ct-log/following/log-report.js';
import { LogReports } from '../ct-log/following/log-reports.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';

/** Serves `/logs`, which reports on every followed log. */
@Controller()
@UseFilters(ApiErrorFilter)
export class LogsController {
  constructor(private readonly reports: LogReports) {}

  @FixedRoute(() => ['/logs'])
  @Documented({ summary: 'A report on every followed log.', answers: { json: ['log_reports'] } })
  logs(): { readonly logs: readonly LogReport[] } {
    return { logs: this.reports.all() };
  }
}
