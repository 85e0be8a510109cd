import type { IncomingMessage } from 'node:http';

/**
 * Path of a request target without query string and without trailing slashes; `/` stays `/`. Both forms a
 * server must accept are read, `/path?query` and `http://host/path?query` (RFC 9112, 3.2).
 */
export function requestPath(request: Pick<IncomingMessage, 'url'>): string {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  return withoutTrailingSlash(target.replace(/[?#].*$/s, ''));
}

/** A configured path in the form {@link requestPath} returns: with a leading slash and without a trailing one. */
export function withoutTrailingSlash(path: string): string {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 0x2f) end--;
  const trimmed = path.slice(0, end);
  return trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
}
