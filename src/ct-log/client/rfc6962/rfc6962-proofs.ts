import { z } from 'zod';
import { base64Bytes } from '../base64-schema.js';
import { parseBoundedJson } from '../../../kernel/bounded-json.js';
import {
  CtAbortedError,
  CtHttpStatusError,
  CtMalformedError,
  CtOutOfRangeError,
  isRateLimited,
} from '../ct-log-error.js';
import { compactRangeBefore, compactRangeHashes, MAX_PROOF_HASHES } from '../merkle/merkle-proofs.js';
import { HASH_BYTES, leafHash } from '../merkle/tree-hash.js';
import { PagePart } from './entry-texts.js';
import { decodeGetEntriesPage } from './get-entries-page.js';

const MAX_PROOF_BYTES = 64 * 1024;
/** Largest answer with a leaf and its chain. It is not charged to the budget of entries in flight. */
const MAX_ENTRY_BYTES = 16 * 1024 * 1024;
/** Maximum number of colons, commas and brackets of an answer: those of the longest proof, and some unknown keys. */
const MAX_STRUCTURE = MAX_PROOF_HASHES + 256;

const hashes = z.array(base64Bytes.refine((hash) => hash.length === HASH_BYTES, 'not 32 bytes'));
/** Go writes an empty list as null. */
const path = z.preprocess((value) => value ?? [], hashes.max(MAX_PROOF_HASHES));
const entryAndProof = z.object({ leaf_input: base64Bytes, audit_path: path });
const proofByHash = z.object({ leaf_index: z.int().nonnegative(), audit_path: path });
const sthConsistency = z.object({ consistency: path });

/** Fetches a path below `/ct/v1/`. A body larger than `maxBytes` is refused. */
export type GetCtV1 = (path: string, signal: AbortSignal, maxBytes: number) => Promise<Buffer>;

interface LeafAndProof {
  readonly leaf: Buffer;
  readonly path: Buffer[];
}

/** Rfc6962Proofs requests proofs from a log (RFC 6962, 4.4, 4.5 and 4.8). The results are not authenticated. */
export class Rfc6962Proofs {
  constructor(private readonly get: GetCtV1) {}

  /**
   * Computes the compact range of [0, size) from the inclusion proof of its last leaf or, if the log does not serve that, of the
   * leaf after it.
   * @throws CtLogError
   */
  async compactRange(size: number, treeSize: number, signal: AbortSignal): Promise<Buffer[]> {
    if (!Number.isSafeInteger(size) || size < 0 || size > treeSize)
      throw new CtOutOfRangeError(0, size, treeSize);
    if (size === 0) return [];
    let failure: unknown;
    try {
      return await this.rangeToLeaf(size - 1, signal);
    } catch (error) {
      if (size === treeSize || isRateLimited(error) || error instanceof CtAbortedError) throw error;
      failure = error;
    }
    return this.rangeBeforeLeaf(size, treeSize, signal).catch((error: unknown) => {
      throw isRateLimited(error) ? error : failure;
    });
  }

  /** @throws CtLogError */
  async consistencyProof(first: number, second: number, signal: AbortSignal): Promise<Buffer[]> {
    if (first < 0 || first > second) throw new CtOutOfRangeError(0, first, second);
    if (first === 0 || first === second) return [];
    const body = await this.get(
      `get-sth-consistency?first=${first}&second=${second}`,
      signal,
      MAX_PROOF_BYTES,
    );
    return parse(sthConsistency, body).consistency;
  }

  private async rangeToLeaf(index: number, signal: AbortSignal): Promise<Buffer[]> {
    const { leaf, path: proof } = await this.leafAndProof(index, index + 1, signal);
    return compactRangeHashes(leaf, index + 1, proof) ?? wrongLength(index);
  }

  private async rangeBeforeLeaf(index: number, treeSize: number, signal: AbortSignal): Promise<Buffer[]> {
    const { path: proof } = await this.leafAndProof(index, treeSize, signal);
    return compactRangeBefore(index, treeSize, proof) ?? wrongLength(index);
  }

  private async leafAndProof(index: number, treeSize: number, signal: AbortSignal): Promise<LeafAndProof> {
    try {
      return await this.entryAndProof(index, treeSize, signal);
    } catch (error) {
      if (!isNotServed(error)) throw error;
    }
    return this.entryThenProof(index, treeSize, signal);
  }

  private async entryAndProof(index: number, treeSize: number, signal: AbortSignal): Promise<LeafAndProof> {
    const request = `get-entry-and-proof?leaf_index=${index}&tree_size=${treeSize}`;
    const answer = parse(entryAndProof, await this.get(request, signal, MAX_ENTRY_BYTES));
    return { leaf: leafHash(answer.leaf_input), path: answer.audit_path };
  }

  private async entryThenProof(index: number, treeSize: number, signal: AbortSignal): Promise<LeafAndProof> {
    const body = await this.get(`get-entries?start=${index}&end=${index}`, signal, MAX_ENTRY_BYTES);
    const { bytes, count, parts } = decodeGetEntriesPage(body, 1);
    if (count !== 1)
      throw new CtMalformedError('PAGE', `the answer for entry ${index} has ${count} entries instead of one`);
    const leaf = leafHash(bytes.subarray(parts[PagePart.LeafStart], parts[PagePart.LeafEnd]));
    const hash = encodeURIComponent(leaf.toString('base64'));
    const request = `get-proof-by-hash?hash=${hash}&tree_size=${treeSize}`;
    const answer = parse(proofByHash, await this.get(request, signal, MAX_PROOF_BYTES));
    if (answer.leaf_index !== index) throw malformed(`its index for leaf ${index} is ${answer.leaf_index}`);
    return { leaf, path: answer.audit_path };
  }
}

/** Whether get-entry-and-proof is not served: some logs, and caches in front of them, answer with a status or an error page. */
function isNotServed(error: unknown): boolean {
  if (error instanceof CtHttpStatusError) return error.code !== 'CT_RATE_LIMITED';
  return error instanceof CtMalformedError;
}

function parse<T>(schema: z.ZodType<T>, body: Buffer): T {
  let json: unknown;
  try {
    json = parseBoundedJson(body, { maxStructure: MAX_STRUCTURE });
  } catch (cause) {
    throw malformed((cause as Error).message, cause);
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const reason = error.issues[0];
  throw malformed(reason === undefined ? 'unusable' : `${reason.path.join('.')} ${reason.message}`, error);
}

function malformed(reason: string, cause?: unknown): CtMalformedError {
  return new CtMalformedError('PROOF', `the proof of the log is unusable: ${reason}`, { cause });
}

function wrongLength(index: number): never {
  throw malformed(`the audit path of leaf ${index} has a wrong length`);
}
