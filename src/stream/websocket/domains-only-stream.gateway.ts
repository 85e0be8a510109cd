import { WebSocketGateway } from '@nestjs/websockets';
import { STREAM_GATEWAY_PATHS } from '../subscription/stream-paths.js';
import { StreamGateway } from './stream-gateway.js';
import { WebSocketConnections } from './websocket-connections.js';

/** Sends only the domain names. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.domains })
export class DomainsOnlyStreamGateway extends StreamGateway {
  constructor(connections: WebSocketConnections) {
    super('domains', connections);
  }
}
