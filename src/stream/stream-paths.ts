import type { StreamKind } from '../certificate/certificate-batch.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import type { ProtectedStream } from '../web/auth/access-tokens.js';
import { withoutTrailingSlash } from '../web/request-path.js';

export type StreamPaths = Readonly<Record<StreamKind, string>>;

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
