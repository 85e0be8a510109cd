import type { ServerResponse } from 'node:http';
import { Controller, Get, Res, type Type, UseGuards } from '@nestjs/common';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import { Public } from '../web/auth/route-access.js';
import { MetricsAccessGuard } from './metrics-access.guard.js';
import { MetricsRegistry } from './metrics-registry.js';

/**
 * A controller class for one application: PrometheusModule writes the path onto the class, so two
 * applications with different paths cannot share one.
 */
export function metricsController(): Type<PrometheusController> {
  // They have a whitelist of their own.
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
