import { Controller, HttpStatus, Res, UseFilters } from '@nestjs/common';
import type { Response } from 'express';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { Public } from '../web/auth/route-access.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { HealthIndicators, type IndicatorReport } from './health-indicators.js';

/** Answer of `/readyz`. The members of `detail` of this server's own indicators, such as `LogHealth`, are added to it. */
interface Readiness {
  readonly status: 'ready' | 'not ready';
  /** Reports of indicators in custom modules; absent if there are none. */
  readonly indicators?: readonly IndicatorReport[];
}

/** Serves `/healthz` (the process is alive), also as `/health`, and `/readyz` (the server does its work). */
@Public()
@Controller()
@UseFilters(ApiErrorFilter)
export class HealthController {
  constructor(private readonly indicators: HealthIndicators) {}

  @FixedRoute(() => ['/healthz', '/health'])
  @Documented({ summary: 'Whether the process is alive.', answers: { json: ['live_body'] } })
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** Answers 200 while every indicator is ready, otherwise 503. */
  @FixedRoute(() => ['/readyz'])
  @Documented({
    summary: 'Whether the server does its work; 503 with the same document if not.',
    answers: { json: ['readiness'] },
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<Readiness> {
    const { own, others } = await this.indicators.check();
    const isReady = [...own, ...others].every(({ ready }) => ready);
    if (!isReady) response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return {
      status: isReady ? 'ready' : 'not ready',
      ...Object.assign({}, ...own.map(({ detail }) => detail)),
      ...(others.length > 0 && { indicators: others }),
    };
  }
}
