import { withoutScheme, withScheme } from '../../config/log-url.js';
import { withoutTrailingSlashes } from '../../kernel/trim.js';
import type { CtLog } from '../client/ct-log.js';

/** Returns the log, with data tiles if one of `patterns` (URLs; `*` matches any text) matches its URL. */
export function withDataTiles(log: CtLog, patterns: readonly string[]): CtLog {
  if (log.source.type !== 'rfc6962' || log.dataTiles === true) return log;
  const url = withoutScheme(log.source.url);
  return patterns.some((pattern) => expression(pattern).test(url)) ? { ...log, dataTiles: true } : log;
}

function expression(pattern: string): RegExp {
  const plain = withoutTrailingSlashes(withoutScheme(withScheme(pattern.trim())));
  const parts = plain.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}
