import type { IncomingMessage } from 'node:http';
import type { OnGatewayConnection, OnGatewayDisconnect } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import type { WebSocketConnections } from './websocket-connections.js';

/** Base class of the gateways: a stream in one direction, from the server to its clients. */
export abstract class StreamGateway
  implements OnGatewayConnection<WebSocket>, OnGatewayDisconnect<WebSocket>
{
  protected constructor(
    private readonly kind: StreamKind,
    private readonly connections: WebSocketConnections,
  ) {}

  handleConnection(webSocket: WebSocket, request: IncomingMessage): void {
    this.connections.connect(this.kind, webSocket, request);
  }

  handleDisconnect(webSocket: WebSocket): void {
    this.connections.disconnect(webSocket);
  }
}
