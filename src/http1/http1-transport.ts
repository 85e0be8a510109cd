import { ConnectionLimit } from './connection-limit.js';
import type { GiveUp, OutgoingRequest, ResponseReceiver } from './http-messages.js';
import { OriginConnections, type OriginOptions } from './origin-connections.js';
import type { ProxySettings } from './proxy-settings.js';
import { Route } from './route.js';

export interface TransportOptions extends OriginOptions {
  /** Most connections to all origins together. Default: no limit. */
  readonly maxConnections?: number;
  readonly proxies: Pick<ProxySettings, 'proxyFor'>;
}

/** Sends GET requests over HTTP/1.1. It limits the connections to each origin and to all together; further requests wait in turn. */
export class Http1Transport {
  private readonly origins = new Map<string, OriginConnections>();
  private readonly limit: ConnectionLimit;
  private isClosed = false;

  constructor(private readonly options: TransportOptions) {
    this.limit = new ConnectionLimit(options.maxConnections ?? Infinity, () => this.origins.values());
  }

  /** Sends a request. @throws Error if the URL has another scheme or the transport is closed. */
  send(request: OutgoingRequest, receiver: ResponseReceiver): GiveUp {
    if (this.isClosed) throw closedError();
    const { url } = request;
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new Error(`the scheme ${url.protocol} is not supported`);
    let origin = this.origins.get(url.origin);
    if (origin === undefined) {
      this.forgetUnused();
      const route = new Route(new URL(url.origin), this.options.proxies.proxyFor(url));
      this.origins.set(url.origin, (origin = new OriginConnections(route, this.options, this.limit)));
    }
    return origin.send(request, receiver);
  }

  /** Ends all requests with an error and closes all connections. */
  close(): void {
    this.isClosed = true;
    for (const origin of this.origins.values()) origin.close(closedError());
    this.origins.clear();
  }

  /** Forgets unused origins: a client that runs for years uses more and more of them. */
  private forgetUnused(): void {
    for (const [name, origin] of this.origins) if (origin.isEmpty) this.origins.delete(name);
  }
}

function closedError(): Error {
  return new Error('the client is closed');
}
