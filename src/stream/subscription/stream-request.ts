import type { IncomingMessage } from 'node:http';
import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { SlowClientPolicy } from '../../config/sections/stream.js';
import type { ProtectedStream } from '../../web/auth/access-tokens.js';
import { withoutTrailingSlash } from '../../web/request-path.js';

type StreamPaths = Readonly<Record<StreamKind, string>>;

/** Paths in the gateways' decorators, which are static: the Go server's defaults. */
export const STREAM_GATEWAY_PATHS: StreamPaths = {
  full: '/full-stream',
  lite: '/',
  domains: '/domains-only',
};

/** What `auth.tokens` calls the streams. */
export const STREAM_NAMES: Readonly<Record<StreamKind, ProtectedStream>> = {
  full: 'full',
  lite: 'lite',
  domains: 'domains-only',
};

/** Where the streams are really served, without trailing slashes. */
export function streamPaths({ webserver }: Pick<CertstreamConfig, 'webserver'>): StreamPaths {
  return {
    full: withoutTrailingSlash(webserver.full_url),
    lite: withoutTrailingSlash(webserver.lite_url),
    domains: withoutTrailingSlash(webserver.domains_only_url),
  };
}

/** What a client chooses with the query of its upgrade request. */
export interface StreamOptions {
  /** `?format=` */
  readonly dialect: DialectName;
  /** `?slow=`: what happens when the client's queue is full. */
  readonly slow: SlowClientPolicy;
  /** `?events=1`: gap messages tell the client what it missed. */
  readonly events: boolean;
}

/** What the choices depend on. */
export interface StreamOptionsConfig {
  readonly webserver: Pick<CertstreamConfig['webserver'], 'format'>;
  readonly stream: Pick<CertstreamConfig['stream'], 'slow_client' | 'slow_client_choices'>;
}

type Request = Pick<IncomingMessage, 'url'>;

const DIALECTS = ['go', 'calidog'] as const satisfies DialectName[];

/** The answer to a request with an unknown `format`. */
export const UNKNOWN_FORMAT = 'unknown format; use ?format=go or ?format=calidog';

/** @returns the options, or what is wrong with them in a sentence for the client. */
export function requestedOptions(
  request: Request,
  { webserver, stream }: StreamOptionsConfig,
): StreamOptions | string {
  const dialect = requestedDialect(request, webserver.format);
  if (dialect === undefined) return UNKNOWN_FORMAT;
  const { slow_client: configured, slow_client_choices: choices } = stream;
  const query = queryOf(request);
  const allowed = [...new Set([configured, ...choices])];
  const slow = single(query, 'slow', allowed);
  if (slow === undefined) return `slow must be one of ${allowed.join(', ')}`;
  const events = single(query, 'events', ['0', '1']);
  if (events === undefined) return 'events must be 0 or 1';
  return { dialect, slow: slow === '' ? configured : slow, events: events === '1' };
}

/**
 * The dialect that a request asks for with `?format=`.
 * @param configured for requests that do not ask.
 * @returns undefined when it asks for none that there is, or more than once.
 */
export function requestedDialect(request: Request, configured: DialectName): DialectName | undefined {
  const format = single(queryOf(request), 'format', DIALECTS);
  return format === '' ? configured : format;
}

function queryOf({ url = '' }: Request): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
}

/** The value of a parameter; '' when it is not there, undefined when it is not allowed or there twice. */
function single<const T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | '' | undefined {
  const values = query.getAll(name);
  if (values.length === 0) return '';
  return values.length === 1 ? allowed.find((value) => value === values[0]) : undefined;
}
