import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { IngestModule } from '../ct-log/ingest.module.js';
import { OutputsModule } from '../outputs/outputs.module.js';
import { WebModule } from '../web/web.module.js';
import { ClusterHealth } from './cluster-health.js';
import { HealthController } from './health.controller.js';
import { HealthIndicators } from './health-indicators.js';
import { LogHealth } from './log-health.js';
import { OutputHealth } from './output-health.js';
import { StateHealth } from './state-health.js';
import { LogsController } from './logs.controller.js';

/** Provides `/healthz`, `/readyz` and `/logs`. */
@Module({
  imports: [IngestModule, OutputsModule, DiscoveryModule, WebModule],
  controllers: [HealthController, LogsController],
  providers: [HealthIndicators, LogHealth, OutputHealth, StateHealth, ClusterHealth],
})
export class HealthModule {}
