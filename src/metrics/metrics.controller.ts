import type { IncomingMessage } from 'node:http';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { Request, Response } from 'express';
import { prometheusConfig } from '../config/config-namespace.js';
import { sharesListener } from '../config/cross-checks.js';
import { AccessPolicy } from '../web/access-policy.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { Public } from '../web/auth/route-access.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { Refusals } from '../web/refusals.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Applies the whitelist of the metrics if they share the web listener. The whitelist of the listener is applied before. */
@Injectable()
export class MetricsAccessGuard implements CanActivate {
  private readonly policy: AccessPolicy;

  constructor(
    @Inject(prometheusConfig.KEY) config: ConfigType<typeof prometheusConfig>,
    private readonly refusals: Refusals,
  ) {
    this.policy = new AccessPolicy(config);
  }

  /** @throws ForbiddenException */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    if (this.policy.allows(request)) return true;
    this.refusals.count('metrics_whitelist', this.policy.clientAddress(request));
    throw new ForbiddenException('Forbidden');
  }
}

/** The metrics where they share the web listener. Their whitelist takes the place of access tokens. */
@Public()
@Controller()
@UseFilters(ApiErrorFilter)
@UseGuards(MetricsAccessGuard)
export class MetricsController {
  constructor(private readonly registry: MetricsRegistry) {}

  @FixedRoute(
    (config) => (config.prometheus.enabled && sharesListener(config) ? [config.prometheus.metrics_url] : []),
    { cors: false },
  )
  @Documented({
    summary: 'Metrics for Prometheus.',
    answers: {
      others: {
        'text/plain': 'Text exposition format.',
        'application/openmetrics-text': 'OpenMetrics 1.0, if the header Accept asks for it.',
      },
    },
  })
  async metrics(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { contentType, text } = await this.registry.exposed(request.headers.accept);
    response.setHeader('Content-Type', contentType);
    response.vary('Accept');
    response.end(text);
  }
}
