import type { CertificateUpdate } from '../../certificate/certificate-message.js';
import type { StreamMessage } from '../certificate-line.js';
import { UsageError } from '../usage-error.js';
import type { EntryFacts } from '../../filter/entry-facts.js';

/** Bounds of the filter in a command line, which is bounded by the system. */
const BOUNDS = { terms: 1_000_000, expressions: 10_000, bytes: 64 * 1024 * 1024 };
/** Certificates that are remembered to recognise repetitions, at least. */
const REMEMBERED = 100_000;

/** Selects messages that a server has not selected. */
export type Selects = (message: StreamMessage) => boolean;

/**
 * Checks the filter of a query.
 * @returns the same selection for messages of a server that does not know filters; undefined if the query has no filter.
 * @throws UsageError for a mistake in the filter.
 */
export async function localFilter(query: URLSearchParams): Promise<Selects | undefined> {
  const [{ filterFromQuery }, { referenceMatches }, { factsOfMessage }, { FilterError }] = await Promise.all([
    import('../../filter/filter-input.js'),
    import('../../filter/reference-match.js'),
    import('../../filter/entry-facts.js'),
    import('../../filter/filter-error.js'),
  ]);
  try {
    const filter = filterFromQuery(query, BOUNDS);
    if (filter === undefined) return undefined;
    return (message) => {
      const facts =
        message.message_type === 'dns_entries' ? factsOfNames(message.data) : factsOfMessage(message);
      return referenceMatches(filter, {
        ...facts,
        names: facts.names.filter((name) => typeof name === 'string'),
      });
    };
  } catch (error) {
    if (error instanceof FilterError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Whether a query has a filter that the names of an entry do not suffice for. */
export function needsMoreThanNames(query: URLSearchParams): boolean {
  return ['issuer', 'operator', 'log', 'type', 'ca', 'ip', 'exclude_issuer'].some((name) => query.has(name));
}

/**
 * SeenCertificates recognises the precertificate and the certificate of one issuance, and their sightings in several logs, by
 * issuer and serial number (RFC 5280, 4.1.2.2). It remembers the newest certificates.
 */
export class SeenCertificates {
  private newer = new Set<string>();
  private older = new Set<string>();

  /** Whether the certificate was not seen before. A message without a serial number is always new. */
  isNew({ data }: CertificateUpdate): boolean {
    const { issuer, serial_number: serial } = data.leaf_cert;
    if (!serial) return true;
    const key = `${serial.replace(/^0+/, '')} ${issuer?.aggregated}`;
    if (this.newer.has(key) || this.older.has(key)) return false;
    this.newer.add(key);
    if (this.newer.size >= REMEMBERED) [this.older, this.newer] = [this.newer, new Set()];
    return true;
  }
}

function factsOfNames(names: readonly string[]): EntryFacts {
  return {
    names,
    issuer: { CN: null, O: null },
    source: { name: '', url: '', operator: '' },
    type: undefined,
    isCa: false,
    addresses: [],
  };
}
