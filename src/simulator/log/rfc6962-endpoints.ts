import { fingerprint } from './log-entry.js';
import { jsonEntry } from './entry-content.js';
import { jsonReply, RequestError, withValidators } from './reply.js';
import type { Reply } from './reply.js';
import { editedEntries, type LogRequestContext } from './request-context.js';
import { sthJson } from './tree-head.js';

const COMMA = Buffer.from(',');
const PAGE_START = Buffer.from('{"entries":[');
const PAGE_END = Buffer.from(']}\n');

/** Answers get-sth (RFC 6962, 4.3). */
export function getSth(context: LogRequestContext): Reply {
  const { head, log } = context;
  return withValidators(jsonReply(sthJson(head)), log.options.headValidators, head.timestamp);
}

/** Answers get-entries (RFC 6962, 4.6) with the limits and the alignment of CTFE. */
export function getEntries(context: LogRequestContext): Reply {
  const start = integer(context, 'start');
  const last = integer(context, 'end');
  if (start > last) throw new RequestError(400, `start ${start} is after end ${last}`);
  const { head, log, history } = context;
  if (start >= head.treeSize)
    throw new RequestError(400, `start ${start} is not below tree size ${head.treeSize}`);
  if (start < history.start) throw new RequestError(400, `entries below ${history.start} are not available`);
  if (log.options.rejectEndBeyondTree && last >= head.treeSize) {
    throw new RequestError(400, `end ${last} is not below tree size ${head.treeSize}`);
  }
  const end = Math.min(pageEnd(start, last + 1, log.options.pageSize, log.options.alignPages), head.treeSize);
  return jsonReply(page(context, start, end));
}

/**
 * Returns the end of a page. A page for a request of at least `pageSize` entries ends at a multiple of it (CTFE
 * `parseGetEntriesRange`).
 */
function pageEnd(start: number, end: number, pageSize: number, align: boolean): number {
  if (end - start < pageSize) return end;
  const limited = start + pageSize;
  return align ? limited - (limited % pageSize) : limited;
}

function page(context: LogRequestContext, start: number, end: number): Buffer {
  const parts: Buffer[] = [PAGE_START];
  const edited = editedEntries(context, start, end);
  if (edited) {
    edited.forEach((entry, i) =>
      parts.push(...(i ? [COMMA] : []), jsonEntry(entry.leafInput, entry.extraData)),
    );
  } else {
    for (let index = start; index < end; index++) {
      if (index > start) parts.push(COMMA);
      context.history.json(index, parts);
    }
  }
  parts.push(PAGE_END);
  return Buffer.concat(parts);
}

/** Answers get-sth-consistency (RFC 6962, 4.4). */
export function getSthConsistency(context: LogRequestContext): Reply {
  const first = integer(context, 'first');
  const second = integer(context, 'second');
  if (second > context.head.treeSize) throw new RequestError(400, `no tree of size ${second} yet`);
  const proof = first === 0 ? [] : orRefuse(() => context.history.tree.consistencyProof(first, second));
  return jsonReply(JSON.stringify({ consistency: base64(proof) }));
}

/** Answers get-proof-by-hash (RFC 6962, 4.5). */
export function getProofByHash(context: LogRequestContext): Reply {
  const size = treeSize(context, 'tree_size');
  const hash = Buffer.from(context.query.get('hash') ?? '', 'base64');
  if (hash.length !== 32) throw new RequestError(400, 'hash is not base64 of 32 bytes');
  const index = context.history.indexOfLeaf(hash, size);
  if (index < 0) throw new RequestError(404, 'no leaf with this hash');
  const path = context.history.tree.inclusionProof(index, size);
  return jsonReply(JSON.stringify({ leaf_index: index, audit_path: base64(path) }));
}

/** Answers get-entry-and-proof (RFC 6962, 4.8). */
export function getEntryAndProof(context: LogRequestContext): Reply {
  const size = treeSize(context, 'tree_size');
  const index = integer(context, 'leaf_index');
  const path = orRefuse(() => context.history.tree.inclusionProof(index, size));
  const entry = context.history.entry(index);
  return jsonReply(
    JSON.stringify({
      leaf_input: entry.leafInput.toString('base64'),
      extra_data: entry.extraData.toString('base64'),
      audit_path: base64(path),
    }),
  );
}

/** Answers get-roots (RFC 6962, 4.7) with the self-issued last certificate of every chain in the log. */
export function getRoots(context: LogRequestContext): Reply {
  const roots = new Map(context.log.roots.map((root) => [fingerprint(root).toString('hex'), root]));
  return jsonReply(JSON.stringify({ certificates: base64([...roots.values()]) }));
}

function treeSize(context: LogRequestContext, name: string): number {
  const size = integer(context, name);
  if (size < 1 || size > context.head.treeSize) throw new RequestError(400, `no tree of size ${size}`);
  return size;
}

function integer(context: LogRequestContext, name: string): number {
  const text = context.query.get(name) ?? '';
  if (!/^\d{1,15}$/.test(text))
    throw new RequestError(400, `${name} is not a non-negative integer: "${text}"`);
  return Number(text);
}

function orRefuse<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RangeError) throw new RequestError(400, error.message);
    throw error;
  }
}

function base64(items: readonly Buffer[]): string[] {
  return items.map((item) => item.toString('base64'));
}
