import { Module } from '@nestjs/common';
import { IngestModule } from '../ct-log/ingest.module.js';
import { HealthController } from './health.controller.js';
import { LogsController } from './logs.controller.js';

/** `/healthz`, `/readyz` and `/logs`. */
@Module({ imports: [IngestModule], controllers: [HealthController, LogsController] })
export class HealthModule {}
