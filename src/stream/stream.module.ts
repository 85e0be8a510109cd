import { Module } from '@nestjs/common';
import type { CertstreamConfig } from '../config/config-schema.js';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import { WebModule } from '../web/web.module.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { FeedModule } from '../feed/feed.module.js';
import { DomainsOnlyStreamGateway } from './websocket/domains-only-stream.gateway.js';
import { FullStreamGateway } from './websocket/full-stream.gateway.js';
import { LiteStreamGateway } from './websocket/lite-stream.gateway.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { EntrySearch } from './http/entry-search.js';
import { RecentEntries } from './http/recent-entries.js';
import { RestartGrace } from './restart-grace.js';
import { SseAdmission } from './sse/sse-admission.js';
import { SseController } from './sse/sse.controller.js';
import { SseStreams } from './sse/sse-streams.js';
import { StreamClients } from './subscription/stream-clients.js';
import { webSocketFramer } from './encoding/websocket-encoding.js';
import { StreamRequests } from './subscription/stream-requests.js';
import { StreamHttpController } from './http/stream-http.controller.js';
import { WebSocketConnections } from './websocket/websocket-connections.js';
import { UniqueWindow } from '../unique/unique-window.js';
import { STREAM_TIMINGS, streamTimings } from './websocket/keep-alive.js';

function uniqueWindow({ stream }: CertstreamConfig): UniqueWindow {
  return new UniqueWindow({ megabytes: stream.unique_window_mb, now: () => performance.now() });
}

/**
 * The three streams over WebSocket and as Server-Sent Events, and the HTTP answers with examples of them. An HTTP application must call
 * `configureCertstream(app)`.
 */
@Module({
  imports: [FeedModule, WebModule, PeriodicWorkModule],
  controllers: [StreamHttpController, SseController],
  providers: [
    EntrySearch,
    RecentEntries,
    RestartGrace,
    SseAdmission,
    SseStreams,
    StreamClients,
    StreamRequests,
    WebSocketConnections,
    FullStreamGateway,
    LiteStreamGateway,
    DomainsOnlyStreamGateway,
    { provide: UniqueWindow, inject: [CERTSTREAM_CONFIG], useFactory: uniqueWindow },
    { provide: STREAM_TIMINGS, inject: [CERTSTREAM_CONFIG], useFactory: streamTimings },
  ],
  exports: [FeedModule, RecentEntries, StreamClients, UniqueWindow],
})
export class StreamModule {
  constructor({ renderer }: CertificateFeed) {
    renderer.framer = webSocketFramer;
  }
}
