import { WebSocketGateway } from '@nestjs/websockets';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { StreamClients } from './stream-clients.js';
import { StreamGateway } from './stream-gateway.js';
import { STREAM_GATEWAY_PATHS } from './stream-paths.js';

/** Every field, the DER and the chain. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.full })
export class FullStreamGateway extends StreamGateway {
  constructor(stream: CertificateFeed, clients: StreamClients) {
    super('full', stream, clients);
  }
}
