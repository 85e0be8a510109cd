import { WebSocketGateway } from '@nestjs/websockets';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { StreamClients } from './stream-clients.js';
import { StreamGateway } from './stream-gateway.js';
import { STREAM_GATEWAY_PATHS } from './stream-paths.js';

/** The domain names only. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.domains })
export class DomainsOnlyStreamGateway extends StreamGateway {
  constructor(stream: CertificateFeed, clients: StreamClients) {
    super('domains', stream, clients);
  }
}
