import { createHash } from 'node:crypto';
import type { LogSource } from '../../certificate/entry-batch.js';
import { withoutScheme } from '../../config/log-url.js';
import { withoutTrailingSlashes } from '../../kernel/trim.js';

/** The operator of a log whose list or configuration does not name one. */
export const UNKNOWN_OPERATOR = 'Unknown';

/** A CT log to follow, from the log list or from the configuration. Its identity is `source.url`. */
export interface CtLog {
  readonly source: LogSource;
  /** static-ct-api submission prefix; its host and path are the expected checkpoint origin. */
  readonly submissionUrl?: string;
  /** DER SubjectPublicKeyInfo; absent for configured logs without `key`: their tree heads are not verified. */
  readonly key?: Buffer;
  /** Whether an RFC 6962 log also serves data tiles and issuers of static-ct-api under the same URL. */
  readonly dataTiles?: boolean;
  /** Maximum merge delay, seconds; absent for read-only logs and logs without one. */
  readonly mmd?: number;
  /** Whether the log list says that the log takes no more entries. */
  readonly readOnly?: boolean;
  /** Whether the configuration names the log. `drop_old_logs` does not stop such a log. */
  readonly configured: boolean;
}

/** Returns the LogID (RFC 6962, 3.2) in base64. @param key DER SubjectPublicKeyInfo */
export function logIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64');
}

/** Returns the base URL without scheme and trailing slash, as the Go server writes it to `ct_index.json`. */
export function logKey(log: Pick<CtLog, 'source'>): string {
  return withoutTrailingSlashes(withoutScheme(log.source.url));
}

/** Whether all fields are equal that the tailer of a log or its messages use. */
export function isSameLog(one: CtLog, other: CtLog): boolean {
  const { name, url, operator, type } = one.source;
  return (
    name === other.source.name &&
    url === other.source.url &&
    operator === other.source.operator &&
    type === other.source.type &&
    one.submissionUrl === other.submissionUrl &&
    one.dataTiles === other.dataTiles &&
    one.mmd === other.mmd &&
    one.readOnly === other.readOnly &&
    (one.key === undefined ? other.key === undefined : other.key !== undefined && one.key.equals(other.key))
  );
}
