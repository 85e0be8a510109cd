/**
 * Base URL of a log with lower-case scheme and host, without default port, query and trailing slash; `https://` where
 * the scheme is missing. Undefined for anything else. Configuration and log list are compared in this form.
 */
export function normalizeLogUrl(text: string): string | undefined {
  const complete = withScheme(text.trim());
  if (!URL.canParse(complete)) return undefined;
  const { protocol, host, pathname } = new URL(complete);
  if ((protocol !== 'https:' && protocol !== 'http:') || host === '') return undefined;
  return `${protocol}//${host}${withoutTrailingSlashes(pathname)}`;
}

/** `https://` in front of what has no scheme. */
export function withScheme(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
}

/** Host and path: what identifies a log, and what a static-ct log signs as its origin. */
export function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

/** Not by an expression: /\/+$/ takes quadratic time for many slashes in front of something else. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}
