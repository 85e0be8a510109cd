import { Controller, Header, HttpStatus, Res, UseFilters } from '@nestjs/common';
import type { Response } from 'express';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { Public } from '../web/auth/route-access.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { HealthIndicators, type IndicatorReport } from './health-indicators.js';

/** With the `detail` of this server's own indicators, as `LogHealth` has it, beside the status. */
interface Readiness {
  readonly status: 'ready' | 'not ready';
  /** Of modules of others; absent without any. */
  readonly indicators?: readonly IndicatorReport[];
}

/** Whether the process lives, and whether it does its work. */
@Public()
@Controller()
@UseFilters(ApiErrorFilter)
export class HealthController {
  constructor(private readonly indicators: HealthIndicators) {}

  @FixedRoute(() => ['/healthz'])
  @Header('Cache-Control', 'no-store')
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** 200 while every indicator is ready, else 503. */
  @FixedRoute(() => ['/readyz'])
  @Header('Cache-Control', 'no-store')
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
