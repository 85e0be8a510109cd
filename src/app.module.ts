import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { CertstreamConfigModule } from './config/config.module.js';
import type { CertstreamConfig } from './config/config-schema.js';
import { CtLogModule } from './ct-log/ct-log.module.js';
import { HealthModule } from './health/health.module.js';
import { OutputsModule } from './outputs/outputs.module.js';
import { StreamModule } from './stream/stream.module.js';
import { WebModule } from './web/web.module.js';

/** The whole server; `imports` are the modules of whoever extends it. */
@Module({})
export class AppModule {
  static forRoot(config: CertstreamConfig, imports: ModuleMetadata['imports'] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        CertstreamConfigModule.forRoot(config),
        ScheduleModule.forRoot(),
        WebModule,
        StreamModule,
        OutputsModule,
        CtLogModule,
        HealthModule,
        ...metrics(config),
        ...imports,
      ],
    };
  }
}

/** Loaded only when wanted: prom-client is for whoever is scraped. */
function metrics(config: CertstreamConfig): Promise<DynamicModule>[] {
  if (!config.prometheus.enabled) return [];
  return [import('./metrics/metrics.module.js').then(({ MetricsModule }) => MetricsModule.forRoot(config))];
}
