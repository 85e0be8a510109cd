import { WebSocketGateway } from '@nestjs/websockets';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { StreamClients } from './stream-clients.js';
import { StreamGateway } from './stream-gateway.js';
import { STREAM_GATEWAY_PATHS } from './stream-paths.js';

/** Every field, neither DER nor chain. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.lite })
export class LiteStreamGateway extends StreamGateway {
  constructor(stream: CertificateFeed, clients: StreamClients) {
    super('lite', stream, clients);
  }
}
