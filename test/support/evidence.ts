import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSignedTreeHead } from '../../src/ct-log/client/rfc6962/signed-tree-head.js';
import { decodeCheckpoint } from '../../src/ct-log/client/static-ct/checkpoint.js';
import { TreeHeadVerifier } from '../../src/ct-log/client/tree-head-signature.js';

export interface Evidence {
  readonly kind: string;
  readonly log: { readonly key: string; readonly url: string };
  readonly tree_heads: readonly { readonly tree_size: number; readonly signed: string }[];
  readonly computed?: { readonly tree_size: number; readonly sha256_root_hash: string };
}

/** Reads the evidence files of a folder. @throws when a head in them is not signed by the log that it names. */
export function readEvidence(folder: string): Evidence[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return names.map((name) => {
    const found = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Evidence;
    const verifier = new TreeHeadVerifier(Buffer.from(found.log.key, 'base64'));
    for (const head of found.tree_heads) {
      const signed = Buffer.from(head.signed, 'base64');
      const decoded = signed.toString().startsWith('{')
        ? decodeSignedTreeHead(signed, verifier)
        : decodeCheckpoint(signed, { origin: undefined, verifier });
      if (decoded.treeSize !== head.tree_size) throw new Error(`${name} names another size than was signed`);
    }
    return found;
  });
}
