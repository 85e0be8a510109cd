import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { FeedModule } from '../feed/feed.module.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { CtHttpClient } from './client/http/ct-http-client.js';
import { LogListService } from './log-list/log-list.service.js';
import { LogStateStore } from './state/log-state-store.js';
import { LogReports } from './following/log-reports.js';
import { LogShare } from './following/log-share.js';
import { TailerFactory } from './following/tailer-factory.js';
import { TailingService } from './following/tailing.service.js';

/**
 * IngestModule follows the logs and saves the positions. It works without any listener and needs `CertstreamModule` or
 * `CertstreamConfigModule`. It sends no request before {@link TailingService.start}.
 */
@Module({
  imports: [FeedModule, PeriodicWorkModule],
  providers: [
    {
      provide: CtHttpClient,
      useFactory: (config: CertstreamConfig) => CtHttpClient.fromConfig(config),
      inject: [CERTSTREAM_CONFIG],
    },
    LogListService,
    LogStateStore,
    LogReports,
    LogShare,
    TailerFactory,
    TailingService,
  ],
  exports: [FeedModule, CtHttpClient, LogListService, LogReports, LogStateStore, TailingService],
})
export class IngestModule implements OnApplicationShutdown {
  constructor(@Inject(CtHttpClient) private readonly http: CtHttpClient) {}

  /** Tailing ended in onModuleDestroy: no component sends requests any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.http.close();
  }
}
