import { WebSocketGateway } from '@nestjs/websockets';
import { STREAM_GATEWAY_PATHS } from '../subscription/stream-paths.js';
import { StreamGateway } from './stream-gateway.js';
import { WebSocketConnections } from './websocket-connections.js';

/** Sends every field, the DER and the chain. */
@WebSocketGateway({ path: STREAM_GATEWAY_PATHS.full })
export class FullStreamGateway extends StreamGateway {
  constructor(connections: WebSocketConnections) {
    super('full', connections);
  }
}
