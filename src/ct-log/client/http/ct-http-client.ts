import type { CertstreamConfig } from '../../../config/config-schema.js';
import { CtAbortedError, CtNetworkError, CtNoRoomError } from '../ct-log-error.js';
import { BodyBuffers } from '../../../http1/body-buffers.js';
import { BodyCollector, type RawResponse } from './body-collector.js';
import { decodeBody } from './content-encoding.js';
import type { CtHttp, CtHttpRequest, Revalidation } from './ct-http.js';
import { Dialer } from '../../../http1/dialer.js';
import { DirectTransport } from '../../../http1/direct-transport.js';
import type { HttpTransport } from '../../../http1/http-transport.js';
import { isProxied, ProxyTransport } from '../../../http1/proxy-transport.js';
import { ResponseDeadline } from '../../../http1/response-deadline.js';
import { userAgent } from './user-agent.js';

/** Longer than the pause between two polls, so that idle logs keep their connection. */
const KEEP_ALIVE_MS = 30_000;
/** The longest silence within a body, when the answer may take longer than that to begin. */
const MAX_BODY_SILENCE_MS = 15_000;
/** Memory for bodies that lies ready for the next: some pages. */
const KEPT_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Above `max_connections_per_origin`: each log at a host may have one connection for its tree heads and one for its
 * entries, so that logs that hang hold up no other. `LogConnections` bounds the rest.
 */
const CONNECTIONS_OF_LOGS = 256;

export interface CtHttpOptions {
  readonly userAgent: string;
  /** Until an answer begins, connecting and queueing included; its body may take longer as long as it flows. */
  readonly timeoutMs: number;
  /** Cap of a body, before and after inflation. */
  readonly maxResponseBytes: number;
  /** Offer gzip. An unasked-for gzip is accepted in any case. */
  readonly compression: boolean;
  /** One origin often serves several logs (shards). Default 16. */
  readonly connectionsPerOrigin?: number;
}

/**
 * GET for everything this server fetches: kept-alive connections per origin, time and size limits, gzip,
 * HTTP_PROXY / HTTPS_PROXY / NO_PROXY. Redirects are not followed. Certificates of the servers are checked.
 */
export class CtHttpClient implements CtHttp {
  private readonly transport: HttpTransport;
  private readonly buffers = new BodyBuffers(KEPT_BODY_BYTES);
  private readonly headers: Record<string, string>;

  /** @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy. */
  constructor(private readonly options: CtHttpOptions) {
    const { connectionsPerOrigin = 16, timeoutMs } = options;
    this.transport = new (isProxied() ? ProxyTransport : DirectTransport)({
      dialer: new Dialer(),
      connectMs: timeoutMs,
      connectionsPerOrigin,
      keepAliveMs: KEEP_ALIVE_MS,
      bodySilenceMs: Math.min(timeoutMs, MAX_BODY_SILENCE_MS),
    });
    this.headers = {
      'user-agent': options.userAgent,
      'accept-encoding': options.compression ? 'gzip, identity' : 'identity',
    };
  }

  static fromConfig(config: CertstreamConfig): CtHttpClient {
    return new CtHttpClient({
      userAgent: userAgent(config.ct_log),
      timeoutMs: config.ct_log.request_timeout_seconds * 1000,
      maxResponseBytes: config.ct_log.max_response_mb * 1024 * 1024,
      compression: config.ct_log.compression,
      connectionsPerOrigin: config.ct_log.max_connections_per_origin + CONNECTIONS_OF_LOGS,
    });
  }

  async get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    const response = await this.receive(url, request, true);
    if (response === undefined) return request.revalidation?.body as Buffer;
    const body = await this.decode(url, request, response);
    const isSpacious = response.memory.length > 2 * body.length;
    const kept = body === response.body && isSpacious ? Buffer.from(body) : body;
    if (kept !== response.body) this.buffers.give(response.memory);
    const { revalidation } = request;
    if (revalidation !== undefined) {
      const { etag, 'last-modified': lastModified } = response.fields;
      Object.assign(revalidation, { body: kept, etag, lastModified });
    }
    return kept;
  }

  async read<T>(
    url: string,
    request: Omit<CtHttpRequest, 'revalidation'>,
    use: (body: Buffer) => T,
  ): Promise<T> {
    const response = (await this.receive(url, request, false)) as RawResponse;
    try {
      return use(await this.decode(url, request, response));
    } finally {
      this.buffers.give(response.memory);
    }
  }

  /** Ends every request in flight and closes all connections. */
  close(): Promise<void> {
    return this.transport.close();
  }

  private maxBytes({ maxBytes = Infinity }: CtHttpRequest): number {
    return Math.min(maxBytes, this.options.maxResponseBytes);
  }

  private async decode(url: string, request: CtHttpRequest, { body, fields }: RawResponse): Promise<Buffer> {
    const decoded = await decodeBody(url, body, fields['content-encoding'], this.maxBytes(request));
    const inflated = decoded.length - body.length;
    if (inflated > 0 && request.onBytes?.(inflated) === false) throw new CtNoRoomError(url);
    return decoded;
  }

  /** Undefined: 304. */
  private async receive(
    url: string,
    request: CtHttpRequest,
    isKept: boolean,
  ): Promise<RawResponse | undefined> {
    const { signal, revalidation, counters, onBytes } = request;
    if (signal?.aborted === true) throw new CtAbortedError(url);
    const isConditional = revalidation?.body !== undefined;
    const options = { isConditional, isKept, onBytes };
    const collector = new BodyCollector(url, this.maxBytes(request), this.buffers, options);
    const giveUp = (): void => collector.fail(new CtAbortedError(url));
    const timeoutMs = Math.min(request.timeoutMs ?? Infinity, this.options.timeoutMs);
    const deadline = new ResponseDeadline(collector, timeoutMs, Math.min(timeoutMs, MAX_BODY_SILENCE_MS));
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

  private send(url: string, request: CtHttpRequest, collector: BodyCollector): void {
    try {
      const headers = conditional(this.headers, request.revalidation);
      const reuseConnection = request.reuseConnection !== false;
      collector.cancel = this.transport.send({ url: new URL(url), headers, reuseConnection }, collector);
    } catch (error) {
      collector.fail(new CtNetworkError(url, error));
    }
  }
}

/** If-None-Match, If-Modified-Since (RFC 9110, 13.1.2 and 13.1.3). */
function conditional(
  headers: Record<string, string>,
  known: Revalidation | undefined,
): Record<string, string> {
  if (known?.body === undefined) return headers;
  const fields = { ...headers };
  if (known.etag !== undefined) fields['if-none-match'] = known.etag;
  if (known.lastModified !== undefined) fields['if-modified-since'] = known.lastModified;
  return fields;
}
