import { WebSocketGateway } from '@nestjs/websockets';
import { CertificateStream } from './certificate-stream.js';
import { StreamClients } from './stream-clients.js';
import { StreamGateway } from './stream-gateway.js';
import { STREAM_GATEWAY_PATHS } from './stream-paths.js';

/** Every field, the DER and the chain. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.full })
export class FullStreamGateway extends StreamGateway {
  constructor(stream: CertificateStream, clients: StreamClients) {
    super('full', stream, clients);
  }
}
