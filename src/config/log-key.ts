import { createPublicKey, type KeyObject } from 'node:crypto';

const MAX_BASE64 = 4096;
/** Octets of a SHA-256, which is the id of a log (RFC 6962, 3.2). */
const LOG_ID_BYTES = 32;
/** Smallest RSA key of a log, in bits (RFC 6962, 2.1.4). */
const MIN_RSA_BITS = 2048;

/**
 * Says why a text cannot be the key of a log: base64 of a DER SubjectPublicKeyInfo with a key that may sign tree heads
 * (RFC 6962, 2.1.4).
 */
export function logKeyMistake(base64: string): string | undefined {
  if (base64.startsWith('-----BEGIN')) return 'is PEM; leave out the lines with dashes';
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length > MAX_BASE64) return 'is not a public key';
  const der = Buffer.from(base64, 'base64');
  if (der.length === LOG_ID_BYTES) return 'is the id of a log, not its key';
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return 'is not a public key';
  }
  return keyTypeMistake(key);
}

/** Says why a key cannot sign tree heads; undefined for ECDSA on P-256 and for RSA with 2048 bits or more. */
function keyTypeMistake({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): string | undefined {
  const needed = 'logs sign with ECDSA on P-256 or with RSA of 2048 bits or more (RFC 6962, 2.1.4)';
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    return bits >= MIN_RSA_BITS ? undefined : `is an RSA key of ${bits} bits; ${needed}`;
  }
  if (type === 'ec') {
    const curve = details?.namedCurve ?? 'an unknown curve';
    return curve === 'prime256v1' ? undefined : `is an ECDSA key on ${curve}; ${needed}`;
  }
  return `is a key for ${type ?? 'an unknown algorithm'}; ${needed}`;
}
