import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CtLogModule } from '../ct-log/ct-log.module.js';
import { HealthController } from './health.controller.js';
import { HealthIndicators } from './health-indicators.js';
import { LogHealth } from './log-health.js';
import { LogsController } from './logs.controller.js';

/** Provides `/healthz`, `/readyz` and `/logs`. */
@Module({
  imports: [CtLogModule, DiscoveryModule],
  controllers: [HealthController, LogsController],
  providers: [HealthIndicators, LogHealth],
})
export class HealthModule {}
