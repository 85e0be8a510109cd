import { DerReader, Tag } from './der-reader.js';
import { ascii } from './json-constants.js';
import { OidTable } from './oid.js';

const PSS = 'rsa-pss';
const UNKNOWN = ascii('unknown');

/** `signature_algorithm` by OBJECT IDENTIFIER (wire format, 1.6 and 2.2): hash first for RSA, key first for (EC)DSA. */
const NAMES: readonly (readonly [dotted: string, name: string])[] = [
  ['1.2.840.113549.1.1.2', 'md2, rsa'],
  ['1.2.840.113549.1.1.4', 'md5, rsa'],
  ['1.2.840.113549.1.1.5', 'sha1, rsa'],
  ['1.3.14.3.2.29', 'sha1, rsa'],
  ['1.2.840.113549.1.1.14', 'sha224, rsa'],
  ['1.2.840.113549.1.1.11', 'sha256, rsa'],
  ['1.2.840.113549.1.1.12', 'sha384, rsa'],
  ['1.2.840.113549.1.1.13', 'sha512, rsa'],
  ['1.2.840.113549.1.1.10', PSS],
  ['1.2.840.10040.4.3', 'dsa, sha1'],
  ['2.16.840.1.101.3.4.3.2', 'dsa, sha256'],
  ['1.2.840.10045.4.1', 'ecdsa, sha1'],
  ['1.2.840.10045.4.3.1', 'ecdsa, sha224'],
  ['1.2.840.10045.4.3.2', 'ecdsa, sha256'],
  ['1.2.840.10045.4.3.3', 'ecdsa, sha384'],
  ['1.2.840.10045.4.3.4', 'ecdsa, sha512'],
  ['1.3.101.112', 'ed25519'],
  ['1.3.101.113', 'ed448'],
];

const PSS_HASHES: readonly (readonly [dotted: string, name: string])[] = [
  ['1.3.14.3.2.26', 'sha1, rsa-pss'],
  ['2.16.840.1.101.3.4.2.4', 'sha224, rsa-pss'],
  ['2.16.840.1.101.3.4.2.1', 'sha256, rsa-pss'],
  ['2.16.840.1.101.3.4.2.2', 'sha384, rsa-pss'],
  ['2.16.840.1.101.3.4.2.3', 'sha512, rsa-pss'],
];

const algorithms = new OidTable(NAMES.map(([dotted], index) => [dotted, index]));
const pssHashes = new OidTable(PSS_HASHES.map(([dotted], index) => [dotted, index]));
const texts = NAMES.map(([, name]) => ascii(name));
const pssTexts = PSS_HASHES.map(([, name]) => ascii(name));
const PSS_INDEX = NAMES.findIndex(([, name]) => name === PSS);

/** hashAlgorithm of RSASSA-PSS-params (RFC 4055, 3.1); SHA-1 by default. */
const HASH_ALGORITHM = 0xa0;

/** Name of the algorithm in the contents `[start, end)` of an AlgorithmIdentifier, or `unknown`. */
export function signatureAlgorithmName(der: DerReader, start: number, end: number): Uint8Array {
  if (!der.expect(Tag.ObjectIdentifier, start, end)) return UNKNOWN;
  const index = algorithms.find(der.bytes, der.start, der.end);
  if (index < 0) return UNKNOWN;
  return index === PSS_INDEX ? pssName(der, der.end, end) : texts[index];
}

function pssName(der: DerReader, at: number, limit: number): Uint8Array {
  const byDefault = pssTexts[0];
  if (at === limit) return byDefault;
  if (!der.expect(Tag.Sequence, at, limit)) return UNKNOWN;
  if (der.start === der.end) return byDefault;
  if (!der.read(der.start, der.end)) return UNKNOWN;
  if (der.tag !== HASH_ALGORITHM) return byDefault;
  if (!der.expect(Tag.Sequence, der.start, der.end)) return UNKNOWN;
  if (!der.expect(Tag.ObjectIdentifier, der.start, der.end)) return UNKNOWN;
  const index = pssHashes.find(der.bytes, der.start, der.end);
  return index < 0 ? UNKNOWN : pssTexts[index];
}
