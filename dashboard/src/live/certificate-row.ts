import { visibleText } from '../text/visible-text.js';
import { type CertificateUpdate, readCertificate } from './stream-message.js';

/** A certificate in the list. All texts are visible and short, whatever the certificate contains. */
export interface CertificateRow {
  /** Number of the row, unique in this page. */
  readonly key: number;
  readonly seenMs: number;
  /** The first names, and how many there are. */
  readonly names: readonly string[];
  readonly nameCount: number;
  readonly issuer: string;
  readonly log: string;
  readonly kind: 'certificate' | 'precertificate' | 'entry';
  /** Whether it matched a filter when it arrived. */
  readonly isHit: boolean;
  readonly logId: string;
  readonly index: number;
  /** The whole message; undefined if it is so large that a list of them would take too much memory. */
  readonly text: string | undefined;
}

const MAX_NAMES = 3;
const MAX_CHARACTERS = 120;
const MAX_KEPT_TEXT = 64 * 1024;

/** @returns undefined for a text that is no `certificate_update`. */
export function certificateRow(text: string, key: number, isHit: boolean): CertificateRow | undefined {
  const update = readCertificate(text);
  if (update === undefined) return undefined;
  const { all_domains, issuer, subject } = update.data.leaf_cert;
  const names = all_domains.slice(0, MAX_NAMES).map((name) => visibleText(name, MAX_CHARACTERS));
  const { source, cert_index, seen } = update.data;
  return {
    key,
    seenMs: seen * 1000,
    names: names.length > 0 ? names : [visibleText(subject.CN || subject.O || 'no name', MAX_CHARACTERS)],
    nameCount: all_domains.length,
    issuer: visibleText(issuer.O || issuer.CN || 'unknown issuer', MAX_CHARACTERS),
    log: visibleText(source.name, MAX_CHARACTERS),
    kind: kindOf(update),
    isHit,
    logId: logIdOf(update),
    index: cert_index,
    text: text.length <= MAX_KEPT_TEXT ? text : undefined,
  };
}

export function kindOf({ data: { update_type } }: CertificateUpdate): CertificateRow['kind'] {
  if (update_type === 'PrecertLogEntry') return 'precertificate';
  return update_type === 'X509LogEntry' ? 'certificate' : 'entry';
}

/** Returns the log as `/api/entries/{log}/{index}` names it: the log id in base64url, which needs no escapes, or the URL. */
function logIdOf({ data: { log_id, source } }: CertificateUpdate): string {
  return log_id?.replaceAll('+', '-').replaceAll('/', '_') ?? source.url;
}
