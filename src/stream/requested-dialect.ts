import type { IncomingMessage } from 'node:http';
import type { DialectName } from '../certificate/dialects/dialect.js';

const DIALECTS: readonly string[] = ['go', 'calidog'] satisfies DialectName[];

/** What a request with an unknown `format` is told. */
export const UNKNOWN_FORMAT = 'unknown format; use ?format=go or ?format=calidog';

/**
 * The dialect that a request asks for with `?format=`.
 * @param configured for requests that do not ask.
 * @returns undefined when it asks for none that there is, or more than once.
 */
export function requestedDialect(
  { url = '' }: Pick<IncomingMessage, 'url'>,
  configured: DialectName,
): DialectName | undefined {
  const query = /\?([^#]*)/.exec(url)?.[1];
  const formats = query === undefined ? [] : new URLSearchParams(query).getAll('format');
  if (formats.length === 0) return configured;
  return formats.length === 1 && isDialect(formats[0]) ? formats[0] : undefined;
}

function isDialect(name: string): name is DialectName {
  return DIALECTS.includes(name);
}
