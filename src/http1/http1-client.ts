import { BodyBuffers } from './body-buffers.js';
import { BodyCollector, type CollectorOptions, type HttpResponse } from './body-collector.js';
import { Dialer } from './dialer.js';
import { HttpAbortedError } from './http-errors.js';
import { Http1Transport } from './http1-transport.js';
import type { ProxySettings } from './proxy-settings.js';
import { ResponseDeadline } from './response-deadline.js';

/** Memory for bodies that lies ready for the next: some pages of a log. */
const KEPT_BODY_BYTES = 8 * 1024 * 1024;

export interface Http1ClientOptions {
  /** Connections at a time to one origin; further requests wait in turn. */
  readonly connectionsPerOrigin: number;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  /** The longest silence within a body. */
  readonly bodySilenceMs: number;
  readonly proxies: Pick<ProxySettings, 'proxyFor'>;
}

/** Plain numbers that a request adds to. */
export interface HttpCounters {
  requests: number;
  /** Body octets as the peer sent them, before inflation. */
  bytesReceived: number;
}

export interface HttpRequest extends CollectorOptions {
  /** Names in lower case; neither names nor values hold line ends. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Until the answer begins, queueing, connecting, the proxy and TLS included. The body may take longer as long as it flows, and
   * ten minutes at most.
   */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly counters?: HttpCounters | undefined;
  /** False: over a connection of its own, closed afterwards. */
  readonly reuseConnection?: boolean | undefined;
}

/**
 * GET over HTTP/1.1, straight or through a proxy. Connections are kept and used again, names and addresses that work are
 * remembered, everything that a peer sends is bounded. Redirects are not followed. Certificates of the servers are checked.
 */
export class Http1Client {
  private readonly transport: Http1Transport;
  private readonly buffers = new BodyBuffers(KEPT_BODY_BYTES);

  constructor(private readonly options: Http1ClientOptions) {
    this.transport = new Http1Transport({ ...options, dialer: new Dialer() });
  }

  /**
   * The response, whatever its status is; only that with status 200 has a body.
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

  /** Lets the body of the next response have the memory of this one, which nobody may read any more. */
  recycle({ memory }: HttpResponse): void {
    this.buffers.give(memory);
  }

  /** Ends every request in flight and closes all connections. */
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
