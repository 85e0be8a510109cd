import { WebSocketGateway } from '@nestjs/websockets';
import { CertificateStream } from './certificate-stream.js';
import { StreamClients } from './stream-clients.js';
import { StreamGateway } from './stream-gateway.js';
import { STREAM_GATEWAY_PATHS } from './stream-paths.js';

/** The domain names only. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.domains })
export class DomainsOnlyStreamGateway extends StreamGateway {
  constructor(stream: CertificateStream, clients: StreamClients) {
    super('domains', stream, clients);
  }
}
