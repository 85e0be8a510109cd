import { DerReader, Tag } from './der-reader.js';
import { ascii } from './text-piece.js';
import { OidTable } from './oid.js';

const PSS = '1.2.840.113549.1.1.10';

/** An OBJECT IDENTIFIER and its `signature_algorithm` in the two dialects (docs/wire-format.md). */
type Names = readonly [dotted: string, go: string, calidog: string];

const ALGORITHMS: readonly Names[] = [
  ['1.2.840.113549.1.1.2', 'md2, rsa', 'md2, rsa'],
  ['1.2.840.113549.1.1.4', 'md5, rsa', 'md5, rsa'],
  ['1.2.840.113549.1.1.5', 'sha1, rsa', 'sha, rsa'],
  ['1.3.14.3.2.29', 'sha1, rsa', 'sha, rsa'],
  ['1.2.840.113549.1.1.14', 'sha224, rsa', 'sha224, rsa'],
  ['1.2.840.113549.1.1.11', 'sha256, rsa', 'sha256, rsa'],
  ['1.2.840.113549.1.1.12', 'sha384, rsa', 'sha384, rsa'],
  ['1.2.840.113549.1.1.13', 'sha512, rsa', 'sha512, rsa'],
  ['1.2.840.10040.4.3', 'dsa, sha1', 'sha, dsa'],
  ['2.16.840.1.101.3.4.3.2', 'dsa, sha256', 'sha256, dsa'],
  ['1.2.840.10045.4.1', 'ecdsa, sha1', 'sha, ecdsa'],
  ['1.2.840.10045.4.3.1', 'ecdsa, sha224', 'sha224, ecdsa'],
  ['1.2.840.10045.4.3.2', 'ecdsa, sha256', 'sha256, ecdsa'],
  ['1.2.840.10045.4.3.3', 'ecdsa, sha384', 'sha384, ecdsa'],
  ['1.2.840.10045.4.3.4', 'ecdsa, sha512', 'sha512, ecdsa'],
  ['1.3.101.112', 'ed25519', 'none, eddsa'],
  ['1.3.101.113', 'ed448', 'none, eddsa'],
];

/** Names of RSASSA-PSS by hash algorithm. */
const PSS_ALGORITHMS: readonly Names[] = [
  ['1.3.14.3.2.26', 'sha1, rsa-pss', 'sha, rsa-pss'],
  ['2.16.840.1.101.3.4.2.4', 'sha224, rsa-pss', 'sha224, rsa-pss'],
  ['2.16.840.1.101.3.4.2.1', 'sha256, rsa-pss', 'sha256, rsa-pss'],
  ['2.16.840.1.101.3.4.2.2', 'sha384, rsa-pss', 'sha384, rsa-pss'],
  ['2.16.840.1.101.3.4.2.3', 'sha512, rsa-pss', 'sha512, rsa-pss'],
];

const rows: readonly Names[] = [...ALGORITHMS, ...PSS_ALGORITHMS, ['', 'unknown', 'unknown'], ['', '', '']];
const FIRST_PSS = ALGORITHMS.length;
const UNKNOWN = FIRST_PSS + PSS_ALGORITHMS.length;

/** The number of a signature algorithm that could not be read. */
export const UNREADABLE_ALGORITHM = UNKNOWN + 1;

/** Names, as insides of JSON strings, by the numbers of {@link signatureAlgorithm}. */
export const signatureAlgorithmNames = {
  /** The hash comes first for RSA, the key type for (EC)DSA. */
  go: rows.map(([, name]) => ascii(name)),
  /** The hash comes first. SHA-1 is `sha`; EdDSA has no hash. */
  calidog: rows.map(([, , name]) => ascii(name)),
};

const algorithms = new OidTable([
  ...ALGORITHMS.map(([dotted], index) => [dotted, index] as const),
  [PSS, FIRST_PSS],
]);
const pssHashes = new OidTable(PSS_ALGORITHMS.map(([dotted], index) => [dotted, FIRST_PSS + index]));

/** Tag of hashAlgorithm in RSASSA-PSS-params (RFC 4055, 3.1). The default is SHA-1. */
const HASH_ALGORITHM = 0xa0;

/** Returns the number of the algorithm in the contents `[start, end)` of an AlgorithmIdentifier. `unknown` has a number too. */
export function signatureAlgorithm(der: DerReader, start: number, end: number): number {
  if (!der.expect(Tag.ObjectIdentifier, start, end)) return UNKNOWN;
  const number = algorithms.find(der.bytes, der.start, der.end);
  if (number < 0) return UNKNOWN;
  return number === FIRST_PSS ? pssAlgorithm(der, der.end, end) : number;
}

function pssAlgorithm(der: DerReader, at: number, limit: number): number {
  if (at === limit) return FIRST_PSS;
  if (!der.expect(Tag.Sequence, at, limit)) return UNKNOWN;
  if (der.start === der.end) return FIRST_PSS;
  if (!der.read(der.start, der.end)) return UNKNOWN;
  if (der.tag !== HASH_ALGORITHM) return FIRST_PSS;
  if (!der.expect(Tag.Sequence, der.start, der.end)) return UNKNOWN;
  if (!der.expect(Tag.ObjectIdentifier, der.start, der.end)) return UNKNOWN;
  const number = pssHashes.find(der.bytes, der.start, der.end);
  return number < 0 ? UNKNOWN : number;
}
