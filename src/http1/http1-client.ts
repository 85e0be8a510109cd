import { BodyBuffers } from './body-buffers.js';
import { BodyCollector, type CollectorOptions, type HttpResponse } from './body-collector.js';
import { Dialer } from './dialer.js';
import { HttpAbortedError } from './http-errors.js';
import { Http1Transport } from './http1-transport.js';
import type { ProxySettings } from './proxy-settings.js';
import { ResponseDeadline } from './response-deadline.js';

/** Memory for bodies that is kept for reuse: several pages of a log. */
const KEPT_BODY_BYTES = 8 * 1024 * 1024;

export interface Http1ClientOptions {
  /** Most connections to one origin at the same time. Further requests wait in turn. */
  readonly connectionsPerOrigin: number;
  /** Most connections to all origins together. Default: no limit. */
  readonly maxConnections?: number;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  /** The longest silence within a body. */
  readonly bodySilenceMs: number;
  readonly proxies: Pick<ProxySettings, 'proxyFor'>;
}

/** Counters that each request increases. */
export interface HttpCounters {
  requests: number;
  /** Octets of bodies as the peer sent them, before decompression. */
  bytesReceived: number;
}

export interface HttpRequest extends CollectorOptions {
  /** Header fields, with names in lower case. Neither names nor values may contain line ends. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Longest time until the response begins, including queueing, connecting, the proxy and TLS. The body may take longer if it
   * arrives fast enough, up to ten minutes.
   */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly counters?: HttpCounters | undefined;
  /** False: the request gets its own connection, which is closed afterwards. */
  readonly reuseConnection?: boolean | undefined;
}

/**
 * Sends GET requests over HTTP/1.1, directly or through a proxy. It reuses connections, remembers working names and
 * addresses, and bounds everything that a peer sends. It does not follow redirects. It checks server certificates.
 */
export class Http1Client {
  private readonly transport: Http1Transport;
  private readonly buffers = new BodyBuffers(KEPT_BODY_BYTES);

  constructor(private readonly options: Http1ClientOptions) {
    this.transport = new Http1Transport({ ...options, dialer: new Dialer() });
  }

  /**
   * Sends a request and returns the response, whatever its status. Only a response with status 200 has a body.
   * @throws HttpTimeoutError, HttpTooLargeError, HttpRefusedBodyError, HttpAbortedError, HttpFormatError, ProxyError, DialError,
   * NameResolutionError, or the error of the socket.
   */
  async get(url: string, request: HttpRequest): Promise<HttpResponse> {
    const { signal, counters, timeoutMs } = request;
    if (signal?.aborted === true) throw new HttpAbortedError('the request was given up');
    const collector = new BodyCollector(this.buffers, request);
    const giveUp = (): void => collector.fail(new HttpAbortedError('the request was given up'));
    const bodySpanMs = Math.min(timeoutMs, this.options.bodySilenceMs);
    const deadline = new ResponseDeadline(collector, timeoutMs, bodySpanMs);
    signal?.addEventListener('abort', giveUp);
    try {
      this.send(url, request, collector);
      return await collector.response;
    } finally {
      deadline.end();
      signal?.removeEventListener('abort', giveUp);
      if (counters !== undefined) {
        counters.requests++;
        counters.bytesReceived += collector.received;
      }
    }
  }

  /** Reuses the memory of a response for later bodies. The caller must not read the body afterwards. */
  recycle({ memory }: HttpResponse): void {
    this.buffers.give(memory);
  }

  /** Ends all pending requests and closes all connections. */
  close(): void {
    this.transport.close();
  }

  private send(
    url: string,
    { headers, reuseConnection = true }: HttpRequest,
    collector: BodyCollector,
  ): void {
    try {
      collector.cancel = this.transport.send({ url: new URL(url), headers, reuseConnection }, collector);
    } catch (error) {
      collector.fail(error as Error);
    }
  }
}
