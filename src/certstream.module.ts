import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { ApiModule } from './api/api.module.js';
import { type ConfigInput, defineConfig } from './config/checked-config.js';
import { type CertstreamAsyncOptions, CertstreamConfigModule, logWarnings } from './config/config.module.js';
import type { CertstreamConfig } from './config/config-schema.js';
import { IngestModule } from './ct-log/ingest.module.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OutputsModule } from './outputs/outputs.module.js';
import { StreamModule } from './stream/stream.module.js';

/** The whole server. An HTTP application calls `configureCertstream(app)`, listens, and then calls `app.get(TailingService).start()`. */
@Module({})
export class CertstreamModule {
  /**
   * @param config a part of a configuration, or the result of `loadConfig` or `defineConfig`.
   * @param imports modules that extend the server.
   * @throws ConfigError (`CONFIG_INVALID`), one line for each problem.
   */
  static forRoot(
    config: ConfigInput | CertstreamConfig = {},
    imports: ModuleMetadata['imports'] = [],
  ): DynamicModule {
    const complete = defineConfig(config);
    if (complete !== config) logWarnings(complete);
    return assemble(CertstreamConfigModule.forRoot(complete), imports);
  }

  /** Does the same as {@link forRoot} with a configuration that a factory returns. The factory may inject providers of other modules. */
  static forRootAsync(options: CertstreamAsyncOptions): DynamicModule {
    return assemble(CertstreamConfigModule.forRootAsync(options));
  }
}

function assemble(config: DynamicModule, imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: CertstreamModule,
    imports: [
      config,
      StreamModule,
      OutputsModule,
      IngestModule,
      HealthModule,
      ApiModule,
      DashboardModule,
      MetricsModule,
      ...imports,
    ],
    exports: [StreamModule, OutputsModule, IngestModule],
  };
}
