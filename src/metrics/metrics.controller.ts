import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Res,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from '../web/access-policy.js';
import { Public } from '../web/auth/route-access.js';
import { Refusals } from '../web/refusals.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Applies the whitelist of the metrics if they share the web listener. The whitelist of the listener is applied before. */
@Injectable()
export class MetricsAccessGuard implements CanActivate {
  private readonly policy: AccessPolicy;

  constructor(
    @Inject(CERTSTREAM_CONFIG) config: CertstreamConfig,
    private readonly refusals: Refusals,
  ) {
    this.policy = new AccessPolicy(config.prometheus);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const isAllowed = this.policy.allows(request);
    if (!isAllowed) this.refusals.count('metrics_whitelist', this.policy.clientAddress(request));
    return isAllowed;
  }
}

/**
 * Makes a controller class for one application. PrometheusModule stores the path on the class, so applications with different
 * paths need different classes.
 */
export function metricsController(): Type<PrometheusController> {
  // The metrics need no token, because they have a whitelist of their own.
  @Public()
  @Controller()
  @UseGuards(MetricsAccessGuard)
  class MetricsController extends PrometheusController {
    constructor(private readonly registry: MetricsRegistry) {
      super();
    }

    @Get()
    override index(@Res({ passthrough: true }) response: ServerResponse): Promise<string> {
      response.setHeader('Content-Type', this.registry.contentType);
      return this.registry.metrics();
    }
  }
  return MetricsController;
}
