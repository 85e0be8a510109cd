import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { OutgoingRequest } from './http-messages.js';
import type { Proxy } from './proxy-settings.js';

const TCP_KEEP_ALIVE_MS = 60_000;

export interface SocketOptions {
  /** The buffer into which the socket reads, and the function that receives the data. */
  readonly onread?: OnReadOpts;
  /** A TLS session to resume. */
  readonly session?: Buffer | undefined;
}

/**
 * The route of requests to one origin, directly or through a proxy. `https:` requests use a tunnel through the proxy
 * (CONNECT, RFC 9110, 9.3.6), so that TLS is between this process and the origin. `http:` requests are sent to the proxy
 * itself, in absolute-form (RFC 9112, 3.2.2).
 */
export class Route {
  /** The server to which connections are made: the origin or the proxy. */
  readonly peer: URL;
  readonly isTunnel: boolean;
  /** Whether the proxy itself reads the requests and sends the responses. */
  readonly isForwarded: boolean;

  constructor(
    readonly origin: URL,
    readonly proxy: Proxy | undefined,
  ) {
    this.peer = proxy?.url ?? origin;
    this.isTunnel = proxy !== undefined && origin.protocol === 'https:';
    this.isForwarded = proxy !== undefined && !this.isTunnel;
  }

  /** Name or address of the peer, without brackets. */
  get peerHost(): string {
    return hostOf(this.peer);
  }

  /** Begins to connect to one address of the peer, with TLS if its URL begins with `https:`. */
  open(address: string, { onread, session }: SocketOptions): Socket {
    const isSecure = this.peer.protocol === 'https:';
    const options = {
      host: address,
      port: Number(this.peer.port) || (isSecure ? 443 : 80),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      ...(onread === undefined ? {} : { onread }),
    };
    if (!isSecure) return connect(options);
    return connectTls({ ...options, ...tlsOptions(this.peerHost), session });
  }

  /** Begins TLS with the origin at the end of a tunnel. */
  secure(tunnel: Socket, session: Buffer | undefined): Socket {
    const host = hostOf(this.origin);
    // The socket is already connected; the host is only used to check the certificate.
    return connectTls({ socket: tunnel, host, session, ...tlsOptions(host) });
  }

  /** Request line and header fields of CONNECT, with the empty line. */
  connectHead(): string {
    const { hostname, port } = this.origin;
    const authority = `${hostname}:${port || 443}`;
    return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${this.authorization()}\r\n`;
  }

  /** Request line and header fields of a GET request, with the empty line. */
  requestHead({ url, headers, reuseConnection }: OutgoingRequest): string {
    const { isForwarded } = this;
    let head = `GET ${isForwarded ? url.origin : ''}${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    if (isForwarded) head += this.authorization();
    return `${head}${reuseConnection ? '' : 'connection: close\r\n'}\r\n`;
  }

  private authorization(): string {
    const { authorization } = this.proxy ?? {};
    return authorization === undefined ? '' : `proxy-authorization: ${authorization}\r\n`;
  }
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** TLS options. The server's certificate is checked against the name that is sent (SNI) or against the address. */
function tlsOptions(host: string): { readonly servername?: string; readonly ALPNProtocols: string[] } {
  return { ...(isIP(host) === 0 ? { servername: host } : {}), ALPNProtocols: ['http/1.1'] };
}
