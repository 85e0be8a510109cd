import { WebSocketGateway } from '@nestjs/websockets';
import { CertificateStream } from './certificate-stream.js';
import { StreamClients } from './stream-clients.js';
import { StreamGateway } from './stream-gateway.js';
import { STREAM_GATEWAY_PATHS } from './stream-paths.js';

/** Every field, neither DER nor chain. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.lite })
export class LiteStreamGateway extends StreamGateway {
  constructor(stream: CertificateStream, clients: StreamClients) {
    super('lite', stream, clients);
  }
}
