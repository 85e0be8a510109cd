import { createHash } from 'node:crypto';
import { decodeBase64 } from '../../../kernel/base64.js';
import { readU64 } from '../../../kernel/big-endian.js';
import type { SignedTreeHead } from '../ct-log-client.js';
import { CtMalformedError, CtTreeHeadSignatureError } from '../ct-log-error.js';
import { isDigitallySigned, type TreeHeadVerifier } from '../tree-head-signature.js';

const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;
/** Signature type of an RFC 6962 tree head in a signed note (static-ct-api). */
const RFC6962_SIGNATURE_TYPE = 0x05;
const KEY_ID_BYTES = 4;
const TIMESTAMP_BYTES = 8;

/** The origin and key that a checkpoint must have. */
export interface CheckpointExpectation {
  /** Submission prefix without scheme and trailing slash; undefined = any origin. */
  readonly origin: string | undefined;
  /** Undefined = the signature is not checked; only its timestamp is read. */
  readonly verifier: TreeHeadVerifier | undefined;
}

/**
 * Decodes a checkpoint: a signed note (C2SP signed-note, tlog-checkpoint) with an RFC 6962 tree head
 * signature. Signatures of other names, keys and types (witnesses, grease) are ignored.
 * @throws CtMalformedError (`CT_MALFORMED_TREE_HEAD`), CtTreeHeadSignatureError
 */
export function decodeCheckpoint(body: Buffer, expected: CheckpointExpectation): SignedTreeHead {
  const text = body.toString('utf8');
  const split = text.indexOf('\n\n');
  if (split < 0 || !text.endsWith('\n')) throw malformed('it is not a signed note');
  const lines = text.slice(0, split).split('\n');
  const [origin, size, root] = lines;
  if (origin === undefined || size === undefined || root === undefined || lines.length !== 3) {
    throw malformed('its text is not origin, size and root hash');
  }
  if (origin === '' || (expected.origin !== undefined && origin !== expected.origin)) {
    throw malformed(`its origin is "${origin.slice(0, 100)}", not "${expected.origin}"`);
  }
  const treeSize = /^(0|[1-9]\d{0,15})$/.test(size) ? Number(size) : Number.NaN;
  const rootHash = decodeBase64(root);
  if (!Number.isSafeInteger(treeSize) || rootHash?.length !== 32)
    throw malformed('its size or root hash is damaged');
  const signatures = text.slice(split + 2, -1).split('\n');
  return signedHead(origin, { treeSize, rootHash, signed: body }, signatures, expected.verifier);
}

function signedHead(
  origin: string,
  tree: Omit<SignedTreeHead, 'timestamp'>,
  lines: string[],
  verifier: TreeHeadVerifier | undefined,
): SignedTreeHead {
  const keyId = verifier && checkpointKeyId(origin, verifier.logId);
  for (const line of lines) {
    const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
    if (name === undefined || base64 === undefined) throw malformed('it has a line that is not a signature');
    const blob = name === origin ? decodeBase64(base64) : undefined;
    if (blob === undefined || blob.length < KEY_ID_BYTES + TIMESTAMP_BYTES) continue;
    const signature = blob.subarray(KEY_ID_BYTES + TIMESTAMP_BYTES);
    const isOurs =
      keyId === undefined ? isDigitallySigned(signature) : keyId.equals(blob.subarray(0, KEY_ID_BYTES));
    if (!isOurs) continue;
    const head = { ...tree, timestamp: readU64(blob, KEY_ID_BYTES) };
    if (!Number.isSafeInteger(head.timestamp)) throw malformed('its timestamp is out of range');
    verifier?.verify(head, signature);
    return head;
  }
  throw new CtTreeHeadSignatureError(`the checkpoint of ${origin} has no signature by the log's key`);
}

/** Returns the first four bytes of SHA-256(name || 0x0A || type || LogID) (static-ct-api, signed-note). */
function checkpointKeyId(origin: string, logId: Buffer): Buffer {
  const hash = createHash('sha256').update(origin, 'utf8');
  return hash
    .update(Buffer.from([0x0a, RFC6962_SIGNATURE_TYPE]))
    .update(logId)
    .digest()
    .subarray(0, KEY_ID_BYTES);
}

function malformed(reason: string): CtMalformedError {
  return new CtMalformedError('TREE_HEAD', `the checkpoint is unusable: ${reason}`);
}
