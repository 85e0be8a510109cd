import type { IncomingMessage } from 'node:http';
import type { OnGatewayConnection, OnGatewayDisconnect } from '@nestjs/websockets';
import type { Subscription } from 'rxjs';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../certificate/certificate-batch.js';
import type { CertificateFeed } from '../feed/certificate-feed.js';
import type { StreamClients } from './stream-clients.js';

/** A one-way stream of texts. Subscribed only while it has a client: no text is made for nobody. */
export abstract class StreamGateway
  implements OnGatewayConnection<WebSocket>, OnGatewayDisconnect<WebSocket>
{
  private subscription: Subscription | undefined;

  protected constructor(
    private readonly kind: StreamKind,
    private readonly stream: CertificateFeed,
    private readonly clients: StreamClients,
  ) {}

  handleConnection(webSocket: WebSocket, request: IncomingMessage): void {
    this.clients.connect(this.kind, webSocket, request);
    const audience = this.clients.audiences[this.kind];
    this.subscription ??= this.stream.batches$.subscribe((batch) => audience.deliver(batch));
  }

  handleDisconnect(webSocket: WebSocket): void {
    this.clients.disconnect(webSocket);
    if (this.clients.audiences[this.kind].clients.size > 0) return;
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }
}
