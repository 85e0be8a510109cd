import type { IncomingMessage } from 'node:http';
import { Controller, Req, UseFilters } from '@nestjs/common';
import type { OutputReport } from '../outputs/output-report.js';
import { OutputReports } from '../outputs/output-reports.js';
import { Admission } from '../web/admission.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { apiPage } from './api-page.js';

/** Answer of `/api/outputs`. In a cluster, it has the outputs of all members. */
export interface OutputsDocument {
  readonly outputs: readonly OutputReport[];
}

/**
 * Serves `/api/outputs`. It shows figures of the server, like `/logs`, so every valid token opens it. The texts of errors may name hosts
 * of the operator's network; a token for a part of the entries, which was made for somebody else, gets only their codes.
 */
@Controller()
@UseFilters(ApiErrorFilter)
export class OutputsController {
  constructor(
    private readonly reports: OutputReports,
    private readonly admission: Admission,
  ) {}

  @FixedRoute(apiPage('/api/outputs'))
  @Documented({
    summary: 'The outputs: position, backlog, last error and counts.',
    answers: { json: ['outputs'] },
  })
  list(@Req() request: IncomingMessage): OutputsDocument {
    return { outputs: this.reports.all(this.admission.tokens.opensEverything(request)) };
  }
}
