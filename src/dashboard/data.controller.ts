import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Controller, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Admission } from '../web/admission.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { sendJson } from '../web/json-response.js';
import { Documented } from '../web/page-doc.js';
import { DashboardReport } from './dashboard-report.js';
import { acceptsCoding } from './files/page-file.js';
import { dashboardPage } from './page.controller.js';

/** Serves the data of the dashboard. Every valid token opens it, as it opens `/logs`. */
@Controller()
@UseFilters(ApiErrorFilter)
export class DataController {
  constructor(
    private readonly report: DashboardReport,
    private readonly admission: Admission,
  ) {}

  @FixedRoute(dashboardPage('/dashboard/data.json'), { cors: false })
  @Documented({
    summary: 'The figures that the dashboard shows, with samples of the last hour.',
    query: {
      since: {
        description: 'Leaves out the samples until this time, milliseconds since the epoch.',
        pattern: '^[0-9]{1,16}$',
      },
    },
    answers: { json: ['dashboard'] },
    errors: { 400: 'The time is not valid.' },
  })
  async data(@Req() request: Request, @Res() response: Response): Promise<void> {
    const since = sinceOf(request.originalUrl);
    const data = this.report.data(since, this.admission.tokens.opensEverything(request));
    const text = JSON.stringify(data);
    if (!acceptsCoding(request.headers['accept-encoding'], 'gzip')) return sendJson(response, 200, text);
    // A page asks every few seconds, so the octets count more than the last percents of them.
    const octets = await promisify(gzip)(text, { level: 1 });
    sendJson(response, 200, octets, { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
  }
}

/** @throws ApiError (`API_SINCE_INVALID`) */
function sinceOf(url: string): number {
  const values = new URLSearchParams(/\?(.*)/s.exec(url)?.[1]).getAll('since');
  if (values.length === 0) return 0;
  if (values.length === 1 && /^\d{1,16}$/.test(values[0])) return Number(values[0]);
  throw new ApiError('API_SINCE_INVALID', 400, 'since is not a time in milliseconds since the epoch');
}
