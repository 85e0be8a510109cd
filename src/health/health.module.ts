import { Module } from '@nestjs/common';
import { CtLogModule } from '../ct-log/ct-log.module.js';
import { HealthController } from './health.controller.js';
import { LogsController } from './logs.controller.js';

/** `/healthz`, `/readyz` and `/logs`. */
@Module({ imports: [CtLogModule], controllers: [HealthController, LogsController] })
export class HealthModule {}
