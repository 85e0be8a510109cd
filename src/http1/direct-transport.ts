import type {
  GiveUp,
  HttpTransport,
  OutgoingRequest,
  ResponseReceiver,
  TransportOptions,
} from './http-transport.js';
import { OriginConnections } from './origin-connections.js';

/** HTTP/1.1 over TCP and TLS, straight to the origins. What is sent and read per request is all that it does. */
export class DirectTransport implements HttpTransport {
  private readonly origins = new Map<string, OriginConnections>();
  private isClosed = false;

  constructor(private readonly options: TransportOptions) {}

  send(request: OutgoingRequest, receiver: ResponseReceiver): GiveUp {
    if (this.isClosed) throw closedError();
    const { url } = request;
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new Error(`no way to get ${url.protocol} URLs`);
    let origin = this.origins.get(url.origin);
    if (origin === undefined) {
      this.forgetUnused();
      this.origins.set(url.origin, (origin = new OriginConnections(url, this.options)));
    }
    return origin.send(request, receiver);
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const origin of this.origins.values()) origin.close(closedError());
    this.origins.clear();
    return Promise.resolve();
  }

  /** Log lists name new origins over the years. */
  private forgetUnused(): void {
    for (const [name, origin] of this.origins) if (origin.isEmpty) this.origins.delete(name);
  }
}

function closedError(): Error {
  return new Error('the client is closed');
}
