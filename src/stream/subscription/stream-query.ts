import type { IncomingMessage } from 'node:http';
import type { DialectName } from '../../certificate/dialects/dialect.js';

type Request = Pick<IncomingMessage, 'url'>;

const DIALECTS = ['go', 'calidog'] as const satisfies DialectName[];

/** The answer to a request with an unknown `format`. */
export const UNKNOWN_FORMAT = 'unknown format; use ?format=go or ?format=calidog';

/**
 * Returns the dialect that a query chooses with `?format=`.
 * @param configured the dialect of queries without `format`.
 * @returns undefined for an unknown dialect or more than one `format`.
 */
export function requestedDialect(query: URLSearchParams, configured: DialectName): DialectName | undefined {
  const format = single(query, 'format', DIALECTS);
  return format === '' ? configured : format;
}

/** Returns the query of a request. */
export function queryOf({ url = '' }: Request): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
}

/** Returns the value of a parameter: '' when it is absent, undefined when it is not allowed or occurs twice. */
export function single<const T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | '' | undefined {
  const values = query.getAll(name);
  if (values.length === 0) return '';
  return values.length === 1 ? allowed.find((value) => value === values[0]) : undefined;
}
