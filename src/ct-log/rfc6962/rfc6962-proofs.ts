import { z } from 'zod';
import { maxAnswerBytes } from '../answer-limit.js';
import { base64Bytes } from '../base64-schema.js';
import { parseBoundedJson } from '../bounded-json.js';
import { CtHttpStatusError, CtMalformedError, CtOutOfRangeError } from '../ct-log-error.js';
import { compactRangeHashes, MAX_PROOF_HASHES } from '../merkle/merkle-proofs.js';
import { HASH_BYTES, leafHash } from '../merkle/tree-hash.js';
import { PagePart } from './entry-texts.js';
import { decodeGetEntriesPage } from './get-entries-page.js';

const MAX_PROOF_BYTES = 64 * 1024;
/** Colons, commas and brackets: those of the longest proof, and some unknown keys. */
const MAX_STRUCTURE = MAX_PROOF_HASHES + 256;

const hashes = z.array(base64Bytes.refine((hash) => hash.length === HASH_BYTES, 'not 32 bytes'));
const path = hashes.max(MAX_PROOF_HASHES);
const entryAndProof = z.object({ leaf_input: base64Bytes, audit_path: path });
const proofByHash = z.object({ leaf_index: z.int().nonnegative(), audit_path: path });
const sthConsistency = z.object({ consistency: path });

/** Fetches below `/ct/v1/`; the body has to be smaller than `maxBytes`. */
export type GetCtV1 = (path: string, signal: AbortSignal, maxBytes: number) => Promise<Buffer>;

/** Asks a log for proofs (RFC 6962, 4.4, 4.5 and 4.8). Nothing that comes back is authenticated. */
export class Rfc6962Proofs {
  constructor(private readonly get: GetCtV1) {}

  /**
   * The compact range of [0, size), from the inclusion proof of the last leaf.
   * @throws CtLogError
   */
  async compactRange(size: number, treeSize: number, signal: AbortSignal): Promise<Buffer[]> {
    if (!Number.isSafeInteger(size) || size < 0 || size > treeSize)
      throw new CtOutOfRangeError(0, size, treeSize);
    if (size === 0) return [];
    const { leaf, path: proof } = await this.lastLeaf(size, signal);
    const range = compactRangeHashes(leaf, size, proof);
    if (range === undefined) throw malformed(`the audit path of leaf ${size - 1} has a wrong length`);
    return range;
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

  private async lastLeaf(size: number, signal: AbortSignal): Promise<{ leaf: Buffer; path: Buffer[] }> {
    try {
      return await this.entryAndProof(size, signal);
    } catch (error) {
      if (!isNotServed(error)) throw error;
    }
    return this.entryThenProof(size, signal);
  }

  private async entryAndProof(size: number, signal: AbortSignal): Promise<{ leaf: Buffer; path: Buffer[] }> {
    const request = `get-entry-and-proof?leaf_index=${size - 1}&tree_size=${size}`;
    const answer = parse(entryAndProof, await this.get(request, signal, maxAnswerBytes(1)));
    return { leaf: leafHash(answer.leaf_input), path: answer.audit_path };
  }

  private async entryThenProof(size: number, signal: AbortSignal): Promise<{ leaf: Buffer; path: Buffer[] }> {
    const last = size - 1;
    const body = await this.get(`get-entries?start=${last}&end=${last}`, signal, maxAnswerBytes(1));
    const { bytes, count, parts } = decodeGetEntriesPage(body, 1);
    if (count !== 1) throw new CtMalformedError('PAGE', `${count} entries came instead of one at ${last}`);
    const leaf = leafHash(bytes.subarray(parts[PagePart.LeafStart], parts[PagePart.LeafEnd]));
    const hash = encodeURIComponent(leaf.toString('base64'));
    const request = `get-proof-by-hash?hash=${hash}&tree_size=${size}`;
    const answer = parse(proofByHash, await this.get(request, signal, MAX_PROOF_BYTES));
    if (answer.leaf_index !== last)
      throw malformed(`the leaf at ${last} was proven to be at ${answer.leaf_index}`);
    return { leaf, path: answer.audit_path };
  }
}

/** Some logs and the caches in front of them leave get-entry-and-proof out, with a status or with a page of their own. */
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
