import type { IncomingMessage } from 'node:http';
import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { SlowClientPolicy } from '../../config/sections/stream.js';
import type { ProtectedStream } from '../../web/auth/access-tokens.js';
import { withoutTrailingSlash } from '../../web/request-path.js';

export const STREAM_KINDS: readonly StreamKind[] = ['full', 'lite', 'domains'];

type StreamPaths = Readonly<Record<StreamKind, string>>;

/** Paths in the decorators of the gateways, which cannot depend on the configuration: the defaults of the Go server. */
export const STREAM_GATEWAY_PATHS: StreamPaths = {
  full: '/full-stream',
  lite: '/',
  domains: '/domains-only',
};

/** Names of the streams in `auth.tokens`. */
export const STREAM_NAMES: Readonly<Record<StreamKind, ProtectedStream>> = {
  full: 'full',
  lite: 'lite',
  domains: 'domains-only',
};

/** Returns the configured paths of the streams without trailing slashes. */
export function streamPaths({ webserver }: Pick<CertstreamConfig, 'webserver'>): StreamPaths {
  return {
    full: withoutTrailingSlash(webserver.full_url),
    lite: withoutTrailingSlash(webserver.lite_url),
    domains: withoutTrailingSlash(webserver.domains_only_url),
  };
}

/** Options that a client chooses in the query of its upgrade request. */
export interface StreamOptions {
  /** `?format=` */
  readonly dialect: DialectName;
  /** `?slow=`: the policy when the queue of the client is full. */
  readonly slow: SlowClientPolicy;
  /** `?events=1`: the client receives gap messages for the messages that it missed. */
  readonly events: boolean;
}

/** The configuration that the options depend on. */
export interface StreamOptionsConfig {
  readonly webserver: Pick<CertstreamConfig['webserver'], 'format'>;
  readonly stream: Pick<CertstreamConfig['stream'], 'slow_client' | 'slow_client_choices'>;
}

type Request = Pick<IncomingMessage, 'url'>;

const DIALECTS = ['go', 'calidog'] as const satisfies DialectName[];

/** The answer to a request with an unknown `format`. */
export const UNKNOWN_FORMAT = 'unknown format; use ?format=go or ?format=calidog';

/** Reads the options from the query of a request. @returns the options, or an error text for the client. */
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
 * Returns the dialect that a request chooses with `?format=`.
 * @param configured the dialect of requests without `format`.
 * @returns undefined for an unknown dialect or more than one `format`.
 */
export function requestedDialect(request: Request, configured: DialectName): DialectName | undefined {
  const format = single(queryOf(request), 'format', DIALECTS);
  return format === '' ? configured : format;
}

function queryOf({ url = '' }: Request): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
}

/** Returns the value of a parameter: '' when it is absent, undefined when it is not allowed or occurs twice. */
function single<const T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | '' | undefined {
  const values = query.getAll(name);
  if (values.length === 0) return '';
  return values.length === 1 ? allowed.find((value) => value === values[0]) : undefined;
}
