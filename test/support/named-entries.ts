import { certificate, name, type Rdn, subjectAltName } from '../../src/certificate/testing/der-builder.js';
import type { RawEntry } from '../../src/simulator/log/log-entry.js';
import { extraData, leafInput } from './ct-log-bytes.js';

const root = certificate({ subject: name(['CN', 'Test Root'], ['O', 'Test']) });
const DNS = 0x82;

/** A certificate with names that a test chooses, as an entry of a log. */
export interface NamedEntry {
  readonly entry: RawEntry;
  readonly der: Buffer;
}

/**
 * @param names DNS names of subjectAltName, in UTF-8.
 * @param subject attributes of the subject in UTF-8; the common name is one of the names, too.
 */
export function namedEntry(
  names: readonly string[],
  subject: readonly Rdn[] = [],
  issuer: readonly Rdn[] = [
    ['CN', 'Test Root'],
    ['O', 'Test'],
  ],
): NamedEntry {
  const san = subjectAltName(...names.map((each) => [DNS, each] as [number, string]));
  const der = certificate({
    subject: name(...subject),
    issuer: name(...issuer),
    extensions: names.length === 0 ? [] : [san],
  });
  const parts = { certificate: der, chain: [root], timestamp: Date.now() };
  return { entry: { leafInput: leafInput(parts), extraData: extraData(parts) }, der };
}
