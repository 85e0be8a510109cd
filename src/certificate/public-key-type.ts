import { type DerReader, Tag } from './der-reader.js';
import { OidTable } from './oid.js';

/** Names of the keys whose algorithm alone determines the size, by OBJECT IDENTIFIER. */
const FIXED: readonly (readonly [dotted: string, name: string])[] = [
  ['1.3.101.110', 'X25519'],
  ['1.3.101.111', 'X448'],
  ['1.3.101.112', 'Ed25519'],
  ['1.3.101.113', 'Ed448'],
  // FIPS 204 and RFC 9881, FIPS 205 and RFC 9909, FIPS 203 and RFC 9935.
  ['2.16.840.1.101.3.4.3.17', 'ML-DSA-44'],
  ['2.16.840.1.101.3.4.3.18', 'ML-DSA-65'],
  ['2.16.840.1.101.3.4.3.19', 'ML-DSA-87'],
  ['2.16.840.1.101.3.4.3.20', 'SLH-DSA-SHA2-128s'],
  ['2.16.840.1.101.3.4.3.21', 'SLH-DSA-SHA2-128f'],
  ['2.16.840.1.101.3.4.3.22', 'SLH-DSA-SHA2-192s'],
  ['2.16.840.1.101.3.4.3.23', 'SLH-DSA-SHA2-192f'],
  ['2.16.840.1.101.3.4.3.24', 'SLH-DSA-SHA2-256s'],
  ['2.16.840.1.101.3.4.3.25', 'SLH-DSA-SHA2-256f'],
  ['2.16.840.1.101.3.4.3.26', 'SLH-DSA-SHAKE-128s'],
  ['2.16.840.1.101.3.4.3.27', 'SLH-DSA-SHAKE-128f'],
  ['2.16.840.1.101.3.4.3.28', 'SLH-DSA-SHAKE-192s'],
  ['2.16.840.1.101.3.4.3.29', 'SLH-DSA-SHAKE-192f'],
  ['2.16.840.1.101.3.4.3.30', 'SLH-DSA-SHAKE-256s'],
  ['2.16.840.1.101.3.4.3.31', 'SLH-DSA-SHAKE-256f'],
  ['2.16.840.1.101.3.4.4.1', 'ML-KEM-512'],
  ['2.16.840.1.101.3.4.4.2', 'ML-KEM-768'],
  ['2.16.840.1.101.3.4.4.3', 'ML-KEM-1024'],
];
/** Names of elliptic curve keys by the OBJECT IDENTIFIER of the curve (RFC 5480, 2.1.1.1). */
const CURVES: readonly (readonly [dotted: string, name: string])[] = [
  ['1.2.840.10045.3.1.1', 'ECDSA192'],
  ['1.3.132.0.33', 'ECDSA224'],
  ['1.2.840.10045.3.1.7', 'ECDSA256'],
  ['1.3.132.0.34', 'ECDSA384'],
  ['1.3.132.0.35', 'ECDSA521'],
  ['1.3.132.0.10', 'secp256k1'],
  ['1.3.36.3.3.2.8.1.1.7', 'brainpoolP256r1'],
  ['1.3.36.3.3.2.8.1.1.11', 'brainpoolP384r1'],
  ['1.3.36.3.3.2.8.1.1.13', 'brainpoolP512r1'],
];
const RSA = FIXED.length;
const DSA = RSA + 1;
const ELLIPTIC_CURVE = RSA + 2;
const algorithms = new OidTable([
  ...FIXED.map(([dotted], number) => [dotted, number] as const),
  // rsaEncryption, and id-RSASSA-PSS and id-RSAES-OAEP, which limit the use of the same key (RFC 4055, 1.2).
  ['1.2.840.113549.1.1.1', RSA],
  ['1.2.840.113549.1.1.10', RSA],
  ['1.2.840.113549.1.1.7', RSA],
  ['1.2.840.10040.4.1', DSA],
  ['1.2.840.10045.2.1', ELLIPTIC_CURVE],
]);
const curves = new OidTable(CURVES.map(([dotted], number) => [dotted, number] as const));

/**
 * Returns the type and size of the key in the contents `[start, end)` of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7): `RSA2048`,
 * `ECDSA256`, `Ed25519`, `ML-DSA-65`. The number is the size of the RSA modulus, of the prime p of DSA or of the NIST curve, in bits.
 * Other curves have their own name.
 * @returns undefined for an unknown algorithm or curve, explicit curve parameters, and a key that cannot be read.
 */
export function publicKeyType(der: DerReader, start: number, end: number): string | undefined {
  if (!der.expect(Tag.Sequence, start, end)) return undefined;
  const keyStart = der.end;
  const algorithmEnd = der.end;
  if (!der.expect(Tag.ObjectIdentifier, der.start, algorithmEnd)) return undefined;
  const algorithm = algorithms.find(der.bytes, der.start, der.end);
  switch (algorithm) {
    case -1:
      return undefined;
    case RSA:
      return sized('RSA', rsaBits(der, keyStart, end));
    case DSA:
      return sized('DSA', dsaBits(der, der.end, algorithmEnd));
    case ELLIPTIC_CURVE:
      if (!der.expect(Tag.ObjectIdentifier, der.end, algorithmEnd)) return undefined;
      return CURVES[curves.find(der.bytes, der.start, der.end)]?.[1];
    default:
      return FIXED[algorithm][1];
  }
}

function sized(name: string, bits: number): string | undefined {
  return bits === 0 ? undefined : `${name}${bits}`;
}

/** Returns the size of the modulus of the RSAPublicKey (RFC 8017, A.1.1) in the BIT STRING at `at`; 0 if it cannot be read. */
function rsaBits(der: DerReader, at: number, limit: number): number {
  // One octet with the number of unused bits precedes the key.
  if (!der.expect(Tag.BitString, at, limit) || !der.expect(Tag.Sequence, der.start + 1, der.end)) return 0;
  return integerBits(der, der.start, der.end);
}

/** Returns the size of p in the Dss-Parms (RFC 3279, 2.3.2) at `at`; 0 if they are absent or cannot be read. */
function dsaBits(der: DerReader, at: number, limit: number): number {
  return der.expect(Tag.Sequence, at, limit) ? integerBits(der, der.start, der.end) : 0;
}

function integerBits(der: DerReader, at: number, limit: number): number {
  if (!der.expect(Tag.Integer, at, limit)) return 0;
  let first = der.start;
  while (first < der.end && der.bytes[first] === 0) first++;
  return first === der.end ? 0 : (der.end - first) * 8 - Math.clz32(der.bytes[first]) + 24;
}
