import { withoutTrailingSlashes } from '../kernel/trim.js';

/**
 * Returns the base URL of a log with lower-case scheme and host, without default port, query and trailing slash, or
 * undefined if `text` is not such a URL. A URL without a scheme gets `https://`. URLs of the configuration and of the
 * log list are compared in this form.
 */
export function normalizeLogUrl(text: string): string | undefined {
  const complete = withScheme(text.trim());
  if (!URL.canParse(complete)) return undefined;
  const { protocol, host, pathname } = new URL(complete);
  if ((protocol !== 'https:' && protocol !== 'http:') || host === '') return undefined;
  return `${protocol}//${host}${withoutTrailingSlashes(pathname)}`;
}

/** Puts `https://` in front of a text that has no scheme. */
export function withScheme(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
}

/** Returns host and path, which identify a log. A static-ct log signs them as its origin. */
export function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '');
}
