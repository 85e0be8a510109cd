import type { LogSource } from '../../certificate/entry-batch.js';
import { withoutScheme, withoutTrailingSlashes } from '../../config/log-url.js';

/** A CT log to follow, from the log list or from the configuration. Its identity is `source.url`. */
export interface CtLog {
  readonly source: LogSource;
  /** static-ct-api submission prefix; its host and path are the expected checkpoint origin. */
  readonly submissionUrl?: string;
  /** DER SubjectPublicKeyInfo; absent for configured logs without `key`: their tree heads are not verified. */
  readonly key?: Buffer;
  /** RFC 6962 logs only: data tiles and issuers of static-ct-api are there too, under the same URL. */
  readonly dataTiles?: boolean;
  /** Maximum merge delay, seconds; absent where the log promises none, as a read-only one. */
  readonly mmd?: number;
  /** Named in the configuration: never stopped by `drop_old_logs`. */
  readonly configured: boolean;
}

/** Base URL without scheme and trailing slash, as the Go server writes it into `ct_index.json`. */
export function logKey(log: Pick<CtLog, 'source'>): string {
  return withoutTrailingSlashes(withoutScheme(log.source.url));
}

/** Whether nothing differs that matters to whoever follows the log, or to its messages. */
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
    (one.key === undefined ? other.key === undefined : other.key !== undefined && one.key.equals(other.key))
  );
}
