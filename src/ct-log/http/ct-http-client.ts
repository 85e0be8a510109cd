import type { Dispatcher } from 'undici';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { CtAbortedError, CtNetworkError, CtTimeoutError } from '../ct-log-error.js';
import { BodyCollector } from './body-collector.js';
import { decodeBody } from './content-encoding.js';
import type { CtHttp, CtHttpRequest, Revalidation } from './ct-http.js';
import { httpDispatcher } from './http-dispatcher.js';
import { userAgent } from './user-agent.js';

/** Longer than the pause between two polls, so that idle logs keep their connection. */
const KEEP_ALIVE_MS = 30_000;
/** The longest silence within a body, when the whole request may take longer than that. */
const MAX_BODY_SILENCE_MS = 15_000;

export interface CtHttpOptions {
  readonly userAgent: string;
  /** For a whole request, connecting and queueing included. */
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
  private readonly dispatcher: Dispatcher;
  /** Without kept connections; made for the first request that wants none. */
  private closing: Dispatcher | undefined;
  private readonly headers: Record<string, string>;

  /** @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy. */
  constructor(private readonly options: CtHttpOptions) {
    this.dispatcher = this.agent(1);
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
      connectionsPerOrigin: config.ct_log.max_connections_per_origin,
    });
  }

  async get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    if (request.signal?.aborted === true) throw new CtAbortedError(url);
    const maxBytes = Math.min(request.maxBytes ?? Infinity, this.options.maxResponseBytes);
    const { revalidation } = request;
    const collector = new BodyCollector(url, maxBytes, revalidation?.body !== undefined);
    const giveUp = (): void => collector.fail(new CtAbortedError(url));
    const timeoutMs = Math.min(request.timeoutMs ?? Infinity, this.options.timeoutMs);
    const timer = setTimeout(() => collector.fail(new CtTimeoutError(url)), timeoutMs);
    request.signal?.addEventListener('abort', giveUp);
    try {
      this.dispatch(url, request, collector);
      const response = await collector.response;
      if (response === undefined) return revalidation?.body as Buffer;
      const body = await decodeBody(url, response.body, response.contentEncoding, maxBytes);
      if (revalidation !== undefined) {
        Object.assign(revalidation, { body, etag: response.etag, lastModified: response.lastModified });
      }
      return body;
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', giveUp);
      if (request.counters !== undefined) {
        request.counters.requests++;
        request.counters.bytesReceived += collector.received;
      }
    }
  }

  /** Ends every request in flight and closes all connections. */
  async close(): Promise<void> {
    await Promise.all([this.dispatcher.destroy(), this.closing?.destroy()]);
  }

  private agent(pipelining: 0 | 1): Dispatcher {
    const { connectionsPerOrigin = 16, timeoutMs } = this.options;
    return httpDispatcher({
      connections: connectionsPerOrigin,
      pipelining,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: Math.min(timeoutMs, MAX_BODY_SILENCE_MS),
    });
  }

  private dispatch(url: string, request: CtHttpRequest, collector: BodyCollector): void {
    try {
      const { origin, pathname, search } = new URL(url);
      const dispatcher =
        request.reuseConnection === false ? (this.closing ??= this.agent(0)) : this.dispatcher;
      const headers = conditional(this.headers, request.revalidation);
      dispatcher.dispatch({ origin, path: pathname + search, method: 'GET', headers }, collector);
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
  return {
    ...headers,
    ...(known.etag === undefined ? {} : { 'if-none-match': known.etag }),
    ...(known.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
  };
}
