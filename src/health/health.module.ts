import { Module } from '@nestjs/common';
import { CtLogModule } from '../ct-log/ct-log.module.js';
import { HealthController } from './health.controller.js';

/** `/healthz` and `/readyz`. */
@Module({ imports: [CtLogModule], controllers: [HealthController] })
export class HealthModule {}
