import type { IncomingMessage } from 'node:http';

/**
 * Returns the path of a request target without query string and trailing slashes; `/` stays `/`. It reads both forms that a server
 * must accept, `/path?query` and `http://host/path?query` (RFC 9112, 3.2).
 */
export function requestPath(request: Pick<IncomingMessage, 'url'>): string {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  return withoutTrailingSlash(decodeUnreserved(target.replace(/[?#].*$/s, '')).replace(/^\/{2,}/, '/'));
}

/**
 * Writes the path as the server does: one slash at the beginning, since a client that appends `/domains-only` to a base URL with a slash
 * requests `//domains-only`, and no percent-encoding where it means the same (`/domains%2Donly`). Call it before any other code reads the
 * request.
 */
export function normalisePath(request: Pick<IncomingMessage, 'url'>): void {
  if (request.url === undefined) return;
  const end = request.url.search(/[?#]/);
  const path = end < 0 ? request.url : request.url.slice(0, end);
  request.url =
    decodeUnreserved(path).replace(/^(https?:\/\/[^/?#]*)?\/{2,}/i, '$1/') + request.url.slice(path.length);
}

/** Decodes the characters that mean the same with and without percent-encoding (RFC 3986, 6.2.2.2). */
function decodeUnreserved(path: string): string {
  if (!path.includes('%')) return path;
  return path.replace(/%[0-9a-f]{2}/gi, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : triplet;
  });
}

/** Returns a configured path in the form of {@link requestPath}: with a leading slash and without a trailing slash. */
export function withoutTrailingSlash(path: string): string {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 0x2f) end--;
  const trimmed = path.slice(0, end);
  return trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
}
