import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Controller, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { acceptsCoding } from '../web/accept-encoding.js';
import { Admission } from '../web/admission.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { sendJson } from '../web/json-response.js';
import { Documented } from '../web/page-doc.js';
import { DashboardReport, KEPT_MS } from './dashboard-report.js';
import { dashboardPage } from './page.controller.js';

/** Older samples come all together, in an answer that all requests within {@link KEPT_MS} share. An open page asks for newer ones. */
const RECENT_MS = 60_000;

interface Answer {
  readonly madeAt: number;
  readonly text: string;
  gzipped?: Promise<Buffer>;
}

/** Serves the data of the dashboard. Every valid token opens it, as it opens `/logs`. */
@Controller()
@UseFilters(ApiErrorFilter)
export class DataController {
  /** By whether the client may see everything. */
  private readonly full = new Map<boolean, Answer>();

  constructor(
    private readonly report: DashboardReport,
    private readonly admission: Admission,
  ) {}

  @FixedRoute(dashboardPage('/dashboard/data.json'), { cors: false })
  @Documented({
    summary: 'The figures that the dashboard shows, with samples of the last hour.',
    query: {
      since: {
        description:
          'Leaves out the samples until this time, milliseconds since the epoch, if it is in the last minute.',
        pattern: '^[0-9]{1,16}$',
      },
    },
    answers: { json: ['dashboard'] },
    errors: { 400: 'The time is not valid.' },
  })
  async data(@Req() request: Request, @Res() response: Response): Promise<void> {
    const since = sinceOf(request.originalUrl);
    const seesAll = this.admission.tokens.opensEverything(request);
    const answer = since > Date.now() - RECENT_MS ? this.make(since, seesAll) : this.answerWithAll(seesAll);
    if (!acceptsCoding(request.headers['accept-encoding'], 'gzip'))
      return sendJson(response, 200, answer.text);
    // A page asks every few seconds, so the octets count more than the last percents of them.
    answer.gzipped ??= promisify(gzip)(answer.text, { level: 1 });
    sendJson(response, 200, await answer.gzipped, { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
  }

  /** Returns the answer with all samples. It is large, and a client may ask for it at any rate. */
  private answerWithAll(seesAll: boolean): Answer {
    const kept = this.full.get(seesAll);
    if (kept !== undefined && performance.now() - kept.madeAt < KEPT_MS) return kept;
    const made = this.make(0, seesAll);
    this.full.set(seesAll, made);
    return made;
  }

  private make(since: number, seesAll: boolean): Answer {
    return { madeAt: performance.now(), text: JSON.stringify(this.report.data(since, seesAll)) };
  }
}

/** @throws ApiError (`API_SINCE_INVALID`) */
function sinceOf(url: string): number {
  const values = new URLSearchParams(/\?(.*)/s.exec(url)?.[1]).getAll('since');
  if (values.length === 0) return 0;
  if (values.length === 1 && /^\d{1,16}$/.test(values[0])) return Number(values[0]);
  throw new ApiError('API_SINCE_INVALID', 400, 'since is not a time in milliseconds since the epoch');
}
