import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import { WebModule } from '../web/web.module.js';
import { FeedModule } from '../feed/feed.module.js';
import { DomainsOnlyStreamGateway } from './domains-only-stream.gateway.js';
import { FullStreamGateway } from './full-stream.gateway.js';
import { LiteStreamGateway } from './lite-stream.gateway.js';
import { RecentEntries } from './recent-entries.js';
import { StreamClients } from './stream-clients.js';
import { StreamHttpMiddleware } from './stream-http.middleware.js';
import { STREAM_TIMINGS, streamTimings } from './stream-timings.js';

/** The three streams and what shows examples of them. An HTTP application needs `configureCertstream(app)`. */
@Module({
  imports: [FeedModule, WebModule],
  providers: [
    RecentEntries,
    StreamClients,
    FullStreamGateway,
    LiteStreamGateway,
    DomainsOnlyStreamGateway,
    { provide: STREAM_TIMINGS, inject: [CERTSTREAM_CONFIG], useFactory: streamTimings },
  ],
  exports: [FeedModule, RecentEntries, StreamClients],
})
export class StreamModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(StreamHttpMiddleware).forRoutes('{*path}');
  }
}
