import { generateKeyPairSync, hash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export type LogKeyType = 'ecdsa' | 'rsa';

/** HashAlgorithm and SignatureAlgorithm of RFC 5246, 7.4.1.4.1. */
const SHA256 = 4;
const SIGNATURE_ALGORITHM = { rsa: 1, ecdsa: 3 } as const;

/** Signing key of a log: ECDSA P-256 or RSA-2048 (RFC 6962, 2.1.4). */
export class LogKey {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  /** SHA-256 of {@link spki} (RFC 6962, 3.2). */
  readonly logId: Buffer;
  private readonly privateKey: KeyObject;

  constructor(readonly type: LogKeyType = 'ecdsa') {
    const pair =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.privateKey = pair.privateKey;
    this.spki = pair.publicKey.export({ type: 'spki', format: 'der' });
    this.logId = hash('sha256', this.spki, 'buffer');
  }

  /**
   * Encodes `digitally-signed` of RFC 5246, 4.7: one octet each for hash and signature algorithm, u16 length,
   * signature.
   */
  digitallySign(data: Buffer): Buffer {
    const signature = sign('sha256', data, this.privateKey);
    const header = Buffer.from([SHA256, SIGNATURE_ALGORITHM[this.type], 0, 0]);
    header.writeUInt16BE(signature.length, 2);
    return Buffer.concat([header, signature]);
  }
}
