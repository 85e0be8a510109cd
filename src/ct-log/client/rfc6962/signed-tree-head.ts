import { z } from 'zod';
import { base64Bytes } from '../base64-schema.js';
import { parseBoundedJson } from '../../../kernel/bounded-json.js';
import type { SignedTreeHead } from '../ct-log-client.js';
import { CtMalformedError } from '../ct-log-error.js';
import type { TreeHeadVerifier } from '../tree-head-signature.js';

/** Maximum number of colons, commas and brackets of an answer: eight, and those of unknown keys. */
const MAX_STRUCTURE = 256;

const getSthResponse = z.object({
  tree_size: z.int().nonnegative(),
  timestamp: z.int().nonnegative(),
  sha256_root_hash: base64Bytes.refine((hash) => hash.length === 32, 'not 32 bytes'),
  tree_head_signature: base64Bytes,
});

/**
 * Decodes a get-sth response (RFC 6962, 4.3) and checks its signature with the verifier, if there is one.
 * @throws CtMalformedError (`CT_MALFORMED_TREE_HEAD`), CtTreeHeadSignatureError
 */
export function decodeSignedTreeHead(body: Buffer, verifier: TreeHeadVerifier | undefined): SignedTreeHead {
  let json: unknown;
  try {
    json = parseBoundedJson(body, { maxStructure: MAX_STRUCTURE });
  } catch (error) {
    const { message } = error as Error;
    throw new CtMalformedError('TREE_HEAD', `the get-sth response is unusable: ${message}`, { cause: error });
  }
  const { success, data, error } = getSthResponse.safeParse(json);
  if (!success) {
    const reason = error.issues[0];
    const where = reason === undefined ? '' : `: ${reason.path.join('.')} ${reason.message}`;
    throw new CtMalformedError('TREE_HEAD', `the get-sth response is unusable${where}`, { cause: error });
  }
  const { tree_size: treeSize, timestamp, sha256_root_hash: rootHash } = data;
  const head = { treeSize, timestamp, rootHash, signed: body };
  verifier?.verify(head, data.tree_head_signature);
  return head;
}
