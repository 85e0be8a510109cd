import type { IncomingMessage } from 'node:http';

/**
 * Returns the path of a request target without query string and trailing slashes; `/` stays `/`. It reads both forms that a server
 * must accept, `/path?query` and `http://host/path?query` (RFC 9112, 3.2).
 */
export function requestPath(request: Pick<IncomingMessage, 'url'>): string {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  return withoutTrailingSlash(target.replace(/[?#].*$/s, '').replace(/^\/{2,}/, '/'));
}

/**
 * Makes one slash of all slashes at the beginning of the path. A client that appends `/domains-only` to a base URL with a slash
 * requests `//domains-only`. Call it before any other code reads the request.
 */
export function joinLeadingSlashes(request: Pick<IncomingMessage, 'url'>): void {
  if (request.url === undefined) return;
  request.url = request.url.replace(/^(https?:\/\/[^/?#]*)?\/{2,}/i, '$1/');
}

/** Returns a configured path in the form of {@link requestPath}: with a leading slash and without a trailing slash. */
export function withoutTrailingSlash(path: string): string {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 0x2f) end--;
  const trimmed = path.slice(0, end);
  return trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
}
