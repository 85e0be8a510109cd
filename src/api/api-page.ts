import type { IncomingMessage } from 'node:http';
import { ApiError } from '../web/api-error.js';
import type { PathsOf } from '../web/fixed-routes.js';

/** Returns the paths of a page that `webserver.api_enabled` switches off. */
export function apiPage(...paths: readonly string[]): PathsOf {
  return ({ webserver }) => (webserver.api_enabled ? paths : []);
}

/**
 * Returns the form that a request chooses with `?format=`; the first form without this parameter.
 * @throws ApiError (`API_FORMAT_UNKNOWN`)
 */
export function requestedForm<const T extends string>(
  { originalUrl, url }: Pick<IncomingMessage, 'url'> & { readonly originalUrl?: string },
  forms: readonly [T, ...T[]],
): T {
  const values = new URLSearchParams(/\?(.*)/s.exec(originalUrl ?? url ?? '')?.[1]).getAll('format');
  if (values.length === 0) return forms[0];
  const form = values.length === 1 ? forms.find((known) => known === values[0]) : undefined;
  if (form !== undefined) return form;
  throw new ApiError('API_FORMAT_UNKNOWN', 400, `unknown format; use ?format= with ${forms.join(', ')}`);
}
