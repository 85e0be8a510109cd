import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CertstreamConfig } from '../config/config-schema.js';
import { OriginPolicy } from './origin-policy.js';

/** Headers of answers that pages of other origins may read, in addition to the safelisted ones (Fetch, 4.8). */
const EXPOSED_HEADERS = 'X-Certstream-Cursor, Retry-After';
/** Headers that requests of other origins may have. */
const ALLOWED_HEADERS = 'Authorization, Last-Event-ID, Cache-Control';
/** Seconds for which browsers remember the answer to a preflight request; Chromium remembers it for at most two hours. */
const MAX_AGE = 7200;
const HEADERS_OF_HOST = ['Access-Control-Allow-Origin', 'Access-Control-Allow-Credentials'] as const;

type CorsSettings = Pick<CertstreamConfig['webserver'], 'cors_origins' | 'allowed_origins'>;

/**
 * Decides which pages of other origins may read the HTTP pages of this server (Fetch, 3.2 and 4.8). In a host application with a CORS
 * middleware of its own, the pages of this server follow this policy, and those of the host follow the middleware.
 */
export class CorsPolicy {
  private origins!: OriginPolicy;
  /** Whether every origin may read, without credentials. */
  private isOpen!: boolean;

  constructor(webserver: CorsSettings) {
    this.reload(webserver);
  }

  /** Allows other origins from now on. */
  reload({ cors_origins: cors, allowed_origins: allowed }: CorsSettings): void {
    const origins = cors.length > 0 ? cors : allowed;
    this.isOpen = origins.length === 0;
    this.origins = new OriginPolicy(origins);
  }

  /** Sets the headers of an answer. It replaces those that a middleware of the host set before. */
  apply(request: IncomingMessage, response: ServerResponse): void {
    for (const name of HEADERS_OF_HOST) response.removeHeader(name);
    if (this.isOpen) response.setHeader('Access-Control-Allow-Origin', '*');
    else {
      // A cache must not give one origin the answer to another one.
      addToVary(response, 'Origin');
      if (request.headers.origin === undefined || !this.origins.allows(request)) return;
      response.setHeader('Access-Control-Allow-Origin', request.headers.origin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
  }

  /** Answers a preflight request (Fetch, 4.8), which never has credentials, after {@link apply}. @returns false if the request is not one. */
  answersPreflight(request: IncomingMessage, response: ServerResponse): boolean {
    const { origin, 'access-control-request-method': wanted } = request.headers;
    if (request.method !== 'OPTIONS' || origin === undefined || wanted === undefined) return false;
    if (response.hasHeader('Access-Control-Allow-Origin')) {
      response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
      response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
      response.setHeader('Access-Control-Max-Age', MAX_AGE);
    }
    response.writeHead(204).end();
    return true;
  }
}

function addToVary(response: ServerResponse, name: string): void {
  const before = String(response.getHeader('Vary') ?? '');
  const names = before.split(',').map((part) => part.trim().toLowerCase());
  if (names.includes(name.toLowerCase())) return;
  response.setHeader('Vary', before === '' ? name : `${before}, ${name}`);
}
