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

/** Paths that a client of RFC 6962 or static-ct-api appends to the base URL of a log. */
const ENDPOINT =
  /\/(?:ct\/v1(?:\/[^?]*)?|(?:get|add)-[a-z-]+|checkpoint|tile(?:\/[^?]*)?|issuer(?:\/[^?]*)?|log\.v3\.json)\/*(?:\?.*)?$/i;
/** A scheme that is misspelt or doubled, or whose colon or slashes are missing. */
const BAD_SCHEME =
  /^(?:(?:https?:\/\/)?(?:https?)(?::\/?(?!\/)|:\/{3,}|\/\/|:\/\/(?=https?:?\/))|\/\/|h?t{1,3}ps?:\/\/)\/*/i;
/** The parsed forms of {@link ENDPOINT} are long enough; longer texts are no URLs of logs. */
const MAX_LENGTH = 2000;

/**
 * Says what is wrong with a text that looks like the URL of a log but names something else, and what was probably meant.
 * @returns undefined if nothing is wrong, or if the text is not similar to a URL.
 */
export function logUrlMistake(text: string): string | undefined {
  const url = text.trim();
  if (url.length > MAX_LENGTH) return undefined;
  const scheme = schemeMistake(url);
  const fixed = scheme ?? url;
  const endpoint = ENDPOINT.exec(fixed);
  const base = endpoint === null ? fixed : fixed.slice(0, endpoint.index);
  if (scheme !== undefined) return `has no valid https:// at its start; did you mean ${base}?`;
  if (endpoint === null) return undefined;
  return `contains ${JSON.stringify(endpoint[0].replace(/\/+$/, ''))}, which the server adds itself; did you mean ${base}?`;
}

/** Returns the URL with the scheme that was meant; undefined if the scheme is right or missing. */
function schemeMistake(url: string): string | undefined {
  if (/^https?:\/\/(?!\/|https?:?\/)/i.test(url) || !BAD_SCHEME.test(url)) return undefined;
  const rest = url.replace(BAD_SCHEME, '').replace(/^https?:?\/+/i, '');
  const isPlain = /^(?:https:\/\/)?http(?!s)/i.test(url);
  return `${isPlain ? 'http' : 'https'}://${rest}`;
}
