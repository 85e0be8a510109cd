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
