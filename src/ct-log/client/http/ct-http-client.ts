import type { CertstreamConfig } from '../../../config/config-schema.js';
import type { HttpResponse } from '../../../http1/body-collector.js';
import { Http1Client } from '../../../http1/http1-client.js';
import {
  HttpAbortedError,
  HttpRefusedBodyError,
  HttpTimeoutError,
  HttpTooLargeError,
} from '../../../http1/http-errors.js';
import { ProxySettings } from '../../../http1/proxy-settings.js';
import { parseRetryAfter } from '../../../kernel/retry-after.js';
import {
  CtAbortedError,
  CtHttpStatusError,
  CtNetworkError,
  CtNoRoomError,
  CtTimeoutError,
  CtTooLargeError,
} from '../ct-log-error.js';
import { decodeBody } from './content-encoding.js';
import type { CtHttp, CtHttpRequest } from './ct-http.js';
import { userAgent } from './user-agent.js';

/** Longer than the pause between two polls, so that idle logs keep their connection. */
const KEEP_ALIVE_MS = 30_000;
/** Longest silence within a body, if `timeoutMs` is larger. */
const MAX_BODY_SILENCE_MS = 15_000;

/**
 * Connections in addition to `max_connections_per_origin`: each log at a host may have one for tree heads and one for entries, so
 * that logs that hang do not hold up others. `LogConnections` bounds the rest.
 */
const CONNECTIONS_OF_LOGS = 256;

export interface CtHttpOptions {
  readonly userAgent: string;
  /** Longest time until an answer begins, including queueing and connecting. The body may take longer while bytes arrive. */
  readonly timeoutMs: number;
  /** Largest body, before and after inflation. */
  readonly maxResponseBytes: number;
  /** Whether requests offer gzip. A gzip body is accepted in any case. */
  readonly compression: boolean;
  /** Default 16. One origin often serves several logs (shards). */
  readonly connectionsPerOrigin?: number;
  /** Most connections to all logs together. Default: no limit. */
  readonly maxConnections?: number;
}

/**
 * CtHttpClient sends all GET requests of this server. It adds time and size limits from the configuration, gzip, revalidation and
 * the errors of `ct-log-error.ts` to {@link Http1Client}. The constructor reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
 */
export class CtHttpClient implements CtHttp {
  private readonly http: Http1Client;
  private readonly headers: Record<string, string>;

  /** @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy. */
  constructor(private readonly options: CtHttpOptions) {
    this.http = new Http1Client({
      connectionsPerOrigin: options.connectionsPerOrigin ?? 16,
      maxConnections: options.maxConnections,
      keepAliveMs: KEEP_ALIVE_MS,
      bodySilenceMs: Math.min(options.timeoutMs, MAX_BODY_SILENCE_MS),
      proxies: new ProxySettings(process.env),
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
      maxConnections: config.ct_log.max_connections,
    });
  }

  async get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    const response = await this.receive(url, request, true);
    if (response === undefined) return request.revalidation?.body as Buffer;
    const body = await this.decode(url, request, response);
    const isSpacious = response.memory.length > 2 * body.length;
    const kept = body === response.body && isSpacious ? Buffer.from(body) : body;
    if (kept !== response.body) this.http.recycle(response);
    request.revalidation?.received(kept, response.fields);
    return kept;
  }

  async read<T>(
    url: string,
    request: Omit<CtHttpRequest, 'revalidation'>,
    use: (body: Buffer) => T,
  ): Promise<T> {
    const response = (await this.receive(url, request, false)) as HttpResponse;
    try {
      return use(await this.decode(url, request, response));
    } finally {
      this.http.recycle(response);
    }
  }

  /** Ends every request in flight and closes all connections. */
  close(): Promise<void> {
    this.http.close();
    return Promise.resolve();
  }

  private maxBytes({ maxBytes = Infinity }: CtHttpRequest): number {
    return Math.min(maxBytes, this.options.maxResponseBytes);
  }

  private async decode(url: string, request: CtHttpRequest, { body, fields }: HttpResponse): Promise<Buffer> {
    const decoded = await decodeBody(url, body, fields['content-encoding'], this.maxBytes(request));
    const inflated = decoded.length - body.length;
    if (inflated > 0 && request.onBytes?.(inflated) === false) throw new CtNoRoomError(url);
    return decoded;
  }

  /** @returns the response with status 200; undefined for a 304 answer to a conditional request. */
  private async receive(
    url: string,
    request: CtHttpRequest,
    keepsBody: boolean,
  ): Promise<HttpResponse | undefined> {
    const { signal, revalidation, counters, onBytes, reuseConnection } = request;
    const maxBytes = this.maxBytes(request);
    const timeoutMs = Math.min(request.timeoutMs ?? Infinity, this.options.timeoutMs);
    const conditions = revalidation?.conditions() ?? {};
    const headers = { ...this.headers, ...conditions };
    request.onSent?.();
    const response = await this.http
      .get(url, { headers, signal, counters, onBytes, reuseConnection, maxBytes, timeoutMs, keepsBody })
      .catch((error: unknown) => {
        throw errorOf(url, maxBytes, error);
      });
    const { status, fields } = response;
    const isConditional = 'if-none-match' in conditions || 'if-modified-since' in conditions;
    if (status === 304 && isConditional) return undefined;
    if (status === 200) return response;
    const location = status >= 300 && status < 400 ? fields['location'] : undefined;
    throw new CtHttpStatusError(url, status, parseRetryAfter(fields['retry-after'], Date.now()), {
      location,
    });
  }
}

function errorOf(url: string, maxBytes: number, error: unknown): Error {
  if (error instanceof HttpAbortedError) return new CtAbortedError(url);
  if (error instanceof HttpTooLargeError) return new CtTooLargeError(url, maxBytes);
  if (error instanceof HttpRefusedBodyError) return new CtNoRoomError(url);
  if (error instanceof HttpTimeoutError) {
    const { reason, isUnsent } = error;
    return new CtTimeoutError(url, { reason, isUnsent, cause: error });
  }
  return new CtNetworkError(url, error);
}
