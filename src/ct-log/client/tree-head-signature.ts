import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readU16 } from '../../kernel/big-endian.js';
import type { SignedTreeHead } from './ct-log-client.js';
import { CtTreeHeadSignatureError } from './ct-log-error.js';

/** TLS 1.2 SignatureAlgorithm (RFC 5246, 7.4.1.4.1) by key type. */
const SIGNATURE_ALGORITHMS: Record<string, number> = { rsa: 1, ec: 3 };
const SHA256 = 4;
const ECDSA_CURVE = 'prime256v1';
const MIN_RSA_BITS = 2048;

/** TreeHeadVerifier checks tree heads with the key of a log: ECDSA P-256, or RSA of at least 2048 bits (RFC 6962, 2.1.4). */
export class TreeHeadVerifier {
  /** LogID: SHA-256 of the SubjectPublicKeyInfo. */
  readonly logId: Buffer;
  private readonly key: KeyObject;

  /** @param spki the key as DER. @throws CtTreeHeadSignatureError if logs must not have such a key. */
  constructor(spki: Buffer) {
    this.logId = createHash('sha256').update(spki).digest();
    try {
      this.key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    } catch (error) {
      throw new CtTreeHeadSignatureError('the key of the log cannot be read', { cause: error });
    }
    const { namedCurve, modulusLength } = this.key.asymmetricKeyDetails ?? {};
    const usable = namedCurve === ECDSA_CURVE || (modulusLength ?? 0) >= MIN_RSA_BITS;
    if (!usable) throw new CtTreeHeadSignatureError('the key of the log is neither ECDSA P-256 nor RSA 2048');
  }

  /**
   * @param signature digitally-signed struct (RFC 5246, 4.7): `hash | algorithm | u16 | signature`.
   * @throws CtTreeHeadSignatureError
   */
  verify(head: SignedTreeHead, signature: Buffer): void {
    const algorithm = SIGNATURE_ALGORITHMS[this.key.asymmetricKeyType ?? ''];
    if (!isDigitallySigned(signature) || signature[1] !== algorithm) {
      throw new CtTreeHeadSignatureError('the signature of the tree head has a wrong layout or algorithm');
    }
    if (!verify('sha256', treeHeadSignatureInput(head), this.key, signature.subarray(4))) {
      throw new CtTreeHeadSignatureError(
        `the tree head of size ${head.treeSize} is not signed by the log's key`,
      );
    }
  }
}

/** Whether the bytes are exactly one digitally-signed struct with SHA-256. */
export function isDigitallySigned(signature: Buffer): boolean {
  return (
    signature.length > 4 &&
    signature[0] === SHA256 &&
    (signature[1] === 1 || signature[1] === 3) &&
    signature.length === 4 + readU16(signature, 2)
  );
}

/** Returns the 50 bytes of the TreeHeadSignature (RFC 6962, 3.5) that the log signs. */
export function treeHeadSignatureInput(head: SignedTreeHead): Buffer {
  const input = Buffer.alloc(50);
  input[1] = 1;
  input.writeBigUInt64BE(BigInt(head.timestamp), 2);
  input.writeBigUInt64BE(BigInt(head.treeSize), 10);
  head.rootHash.copy(input, 18);
  return input;
}
