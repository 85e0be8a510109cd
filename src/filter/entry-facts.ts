import type { CertificateUpdate } from '../certificate/certificate-message.js';

/** Everything about an entry that a filter can depend on. */
export interface EntryFacts {
  /** `all_domains` */
  readonly names: readonly string[];
  /** CN and O of the issuer; several values of O are joined with `,`, as in messages. */
  readonly issuer: { readonly CN: string | null; readonly O: string | null };
  readonly source: {
    readonly name: string;
    readonly url: string;
    readonly operator: string;
    /** SHA-256 of the key of the log in base64 (RFC 6962, 3.2), if it is known. */
    readonly logId?: string;
  };
  /** undefined for an entry type that RFC 6962 does not define. */
  readonly type: 'precert' | 'cert' | undefined;
  readonly isCa: boolean;
  /** IP addresses of subjectAltName. */
  readonly addresses: readonly string[];
}

const ADDRESS = 'IP Address:';
const TYPES: Readonly<Record<string, EntryFacts['type']>> = {
  PrecertLogEntry: 'precert',
  X509LogEntry: 'cert',
};

/**
 * Returns the facts in a message of the full or lite stream, of any certstream server. A text of `subjectAltName` is split at
 * `, `, although a DNS name may contain it. Values that other servers leave out are empty.
 */
export function factsOfMessage({ data }: CertificateUpdate): EntryFacts {
  const { leaf_cert: leaf, source, update_type: type } = data;
  const logId = (data as { log_id?: unknown }).log_id;
  const subjectAltName: string | undefined = leaf.extensions?.subjectAltName;
  return {
    names: leaf.all_domains ?? [],
    issuer: { CN: leaf.issuer?.CN ?? null, O: leaf.issuer?.O ?? null },
    source: {
      name: source?.name ?? '',
      url: source?.url ?? '',
      operator: source?.operator ?? '',
      ...(typeof logId === 'string' && { logId }),
    },
    type: TYPES[type],
    isCa: leaf.is_ca,
    addresses: (subjectAltName ?? '')
      .split(', ')
      .filter((part) => part.startsWith(ADDRESS))
      .map((part) => part.slice(ADDRESS.length)),
  };
}
