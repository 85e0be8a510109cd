import { type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { CertstreamError } from '../../certstream-error.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { CtAbortedError, CtNetworkError, CtTimeoutError } from '../ct-log-error.js';
import { BodyCollector } from './body-collector.js';
import { decodeBody } from './content-encoding.js';
import type { HttpCounters } from './http-counters.js';
import { userAgent } from './user-agent.js';

/** One origin often serves several logs (shards); each asks for one thing at a time. */
const CONNECTIONS_PER_ORIGIN = 16;
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
}

export interface CtHttpRequest {
  readonly signal?: AbortSignal;
  /** Lower than the client's, for things that are small. */
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly counters?: HttpCounters;
}

/**
 * GET for everything this server fetches: kept-alive connections per origin, time and size limits, gzip,
 * HTTP_PROXY / HTTPS_PROXY / NO_PROXY. Redirects are not followed. Certificates of the servers are checked.
 */
export class CtHttpClient {
  private readonly dispatcher: Dispatcher;
  private readonly headers: Record<string, string>;

  /** @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy. */
  constructor(private readonly options: CtHttpOptions) {
    this.dispatcher = proxyAgent({
      connections: CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: options.timeoutMs },
      headersTimeout: options.timeoutMs,
      bodyTimeout: Math.min(options.timeoutMs, MAX_BODY_SILENCE_MS),
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
    });
  }

  /**
   * The decoded body of a 200 answer.
   * @throws CtHttpStatusError, CtTimeoutError, CtTooLargeError, CtNetworkError, CtAbortedError,
   * CtMalformedError (`CT_MALFORMED_ENCODING`)
   */
  async get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    if (request.signal?.aborted === true) throw new CtAbortedError(url);
    const maxBytes = Math.min(request.maxBytes ?? Infinity, this.options.maxResponseBytes);
    const collector = new BodyCollector(url, maxBytes);
    const giveUp = (): void => collector.fail(new CtAbortedError(url));
    const timeoutMs = Math.min(request.timeoutMs ?? Infinity, this.options.timeoutMs);
    const timer = setTimeout(() => collector.fail(new CtTimeoutError(url)), timeoutMs);
    request.signal?.addEventListener('abort', giveUp);
    try {
      this.dispatch(url, collector);
      const { body, contentEncoding } = await collector.response;
      return await decodeBody(url, body, contentEncoding, maxBytes);
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
    await this.dispatcher.destroy();
  }

  private dispatch(url: string, collector: BodyCollector): void {
    try {
      const { origin, pathname, search } = new URL(url);
      this.dispatcher.dispatch(
        { origin, path: pathname + search, method: 'GET', headers: this.headers },
        collector,
      );
    } catch (error) {
      collector.fail(new CtNetworkError(url, error));
    }
  }
}

function proxyAgent(options: EnvHttpProxyAgent.Options): EnvHttpProxyAgent {
  try {
    return new EnvHttpProxyAgent(options);
  } catch (cause) {
    throw new CertstreamError(
      'CONFIG_PROXY',
      'HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy; write it like http://proxy.example:3128',
      { cause },
    );
  }
}
