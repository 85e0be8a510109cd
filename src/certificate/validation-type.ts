import type { ValidationType } from './certificate-message.js';
import { type DerReader, Tag } from './der-reader.js';
import { OidTable } from './oid.js';

/** The validation types in ascending order. A certificate with several policies has the last one of them. */
const ASCENDING: readonly ValidationType[] = ['DV', 'IV', 'OV', 'EV'];

/** Reserved policies of the CA/Browser Forum (Baseline Requirements, 7.1.6.1; EV Guidelines, 7.1.6.1), as positions in {@link ASCENDING}. */
const policies = new OidTable([
  ['2.23.140.1.2.1', 0],
  ['2.23.140.1.2.3', 1],
  ['2.23.140.1.2.2', 2],
  ['2.23.140.1.1', 3],
]);

/**
 * Returns the validation type that the value `[start, end)` of a certificatePolicies extension (RFC 5280, 4.2.1.4) claims.
 * @returns undefined if it names none of the policies, or if it is malformed.
 */
export function validationType(der: DerReader, start: number, end: number): ValidationType | undefined {
  if (!der.expect(Tag.Sequence, start, end)) return undefined;
  const limit = der.end;
  let found = -1;
  for (let at = der.start; at < limit;) {
    if (!der.expect(Tag.Sequence, at, limit)) return undefined;
    at = der.end;
    if (!der.expect(Tag.ObjectIdentifier, der.start, at)) return undefined;
    found = Math.max(found, policies.find(der.bytes, der.start, der.end));
  }
  return ASCENDING[found];
}
