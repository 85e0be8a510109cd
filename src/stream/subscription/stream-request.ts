import type { IncomingMessage } from 'node:http';
import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
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

type Request = Pick<IncomingMessage, 'url'>;

const DIALECTS = ['go', 'calidog'] as const satisfies DialectName[];

/** The answer to a request with an unknown `format`. */
export const UNKNOWN_FORMAT = 'unknown format; use ?format=go or ?format=calidog';

/**
 * Returns the dialect that a query chooses with `?format=`.
 * @param configured the dialect of queries without `format`.
 * @returns undefined for an unknown dialect or more than one `format`.
 */
export function requestedDialect(query: URLSearchParams, configured: DialectName): DialectName | undefined {
  const format = single(query, 'format', DIALECTS);
  return format === '' ? configured : format;
}

/** Returns the query of a request. */
export function queryOf({ url = '' }: Request): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
}

/** Returns the value of a parameter: '' when it is absent, undefined when it is not allowed or occurs twice. */
export function single<const T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | '' | undefined {
  const values = query.getAll(name);
  if (values.length === 0) return '';
  return values.length === 1 ? allowed.find((value) => value === values[0]) : undefined;
}
