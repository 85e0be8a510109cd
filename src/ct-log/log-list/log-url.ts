/** Names that nobody can register (RFC 2606): placeholder logs of operators that have no real one. */
const RESERVED_HOST = /(^|\.)(example\.(com|net|org)|example|invalid|test)$/;

/**
 * Base URL with lower-case scheme and host, without default port, query and trailing slash; `https://` where the
 * scheme is missing. Undefined for anything else.
 */
export function normalizeLogUrl(text: string): string | undefined {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(withScheme)) return undefined;
  const { protocol, host, pathname } = new URL(withScheme);
  if ((protocol !== 'https:' && protocol !== 'http:') || host === '') return undefined;
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** Whether the URL leads nowhere on purpose, as in https://ct.example.com/bogus/. */
export function isPlaceholder(url: string): boolean {
  return RESERVED_HOST.test(new URL(url).hostname);
}
