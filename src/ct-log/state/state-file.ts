import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JournalPlace } from '../../feed/journal/entry-journal.js';
import { packageJson } from '../../kernel/package-json.js';
import { decodeBase64 } from '../../kernel/base64.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { hashesOf } from '../client/merkle/compact-range.js';
import type { Gap } from './gap-ledger.js';
import type { LogState } from './log-state.js';
import { StateFileError } from './state-file-error.js';

/** Incremented when an older version cannot read the new format correctly. Version 2 added the checksum. */
const VERSION = 2;
const PRODUCT = 'certstream-server-nest';
/** Maximum number of colons, commas and brackets of a file: at most some hundreds per log, and sixty per gap. */
const MAX_STRUCTURE = 4_000_000;

/** The saved state of one log. */
export interface SavedLog extends LogState {
  /** Time at which `next` was last current, milliseconds since the epoch. */
  readonly asOf: number;
  readonly gaps: readonly Gap[];
  /** In a cluster: the last record of the journal whose effect on the gaps is part of this state. */
  readonly place?: JournalPlace | undefined;
}

export interface SavedState {
  /** By `logKey(log)`. */
  readonly logs: ReadonlyMap<string, SavedLog>;
  /** SHA-256 in hex of the contents of `ct_index_file` that this server may have written. */
  readonly indexFiles: readonly string[];
}

const index = z.int().min(0);
const time = z.iso.datetime().transform((text) => Date.parse(text));
const bytes = z.string().transform((text, context) => decodeBase64(text) ?? refuse(context, 'is not base64'));
const hash = bytes.refine((value) => value.length === 32, 'is not a hash of 32 bytes');
const hashes = z.array(hash);

/** @param object accepts and ignores unknown keys, or refuses them. */
function schemaWith(object: typeof z.object) {
  const verified = object({ size: index, hashes }).refine(
    (tree) => tree.hashes.length === hashesOf(tree.size),
    'has the wrong number of hashes',
  );

  const head = object({
    tree_size: index,
    timestamp: z.int().min(0),
    root_hash: hash,
    signed: z.string().optional(),
    signed_base64: bytes.optional(),
  }).transform((value): SignedTreeHead => ({
    treeSize: value.tree_size,
    timestamp: value.timestamp,
    rootHash: value.root_hash,
    signed: value.signed_base64 ?? Buffer.from(value.signed ?? ''),
  }));

  const gap = object({
    from: index,
    to: index,
    missing: index,
    since: time,
    reason: z.string(),
    tries: index,
    skipped: z.boolean().default(false),
    range: hashes.optional(),
  })
    .refine((value) => value.from < value.to && value.missing <= value.to - value.from, 'is not a range')
    .refine(
      ({ from, range }) => range === undefined || range.length === hashesOf(from),
      'has the wrong number of hashes',
    );

  const savedLog = object({
    next_index: index.optional(),
    as_of: time,
    range: hashes.optional(),
    verified: verified.optional(),
    head: head.optional(),
    gaps: z.array(gap).default([]),
    place: object({ epoch: z.string(), seq: index }).optional(),
  })
    .refine(
      ({ next_index: next = 0, range }) => range === undefined || range.length === hashesOf(next),
      'has the wrong number of hashes in range',
    )
    .transform(({ next_index: next, as_of: asOf, ...rest }): SavedLog => ({ next, asOf, ...rest }));

  return object({
    version: z.int().min(1).max(VERSION),
    written_by: z.string(),
    checksum: z.string().optional(),
    saved_at: time,
    ct_index_sha256: z.array(z.string()),
    logs: z.record(z.string(), savedLog),
  });
}

/** A file that the operator may edit: an unknown key is a mistake. */
const strictSchema = schemaWith(z.strictObject as unknown as typeof z.object);
/** A record of a cluster: a member of a later version may have added keys. */
const openSchema = schemaWith(z.object);

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

export interface ParseOptions {
  /** Whether keys that this version does not know are ignored; else they are an error. The default is false. */
  readonly ignoresUnknownKeys?: boolean;
}

/**
 * @param path path of the file, for the error message.
 * @throws StateFileError (`CT_STATE_FILE_DAMAGED`, `CT_STATE_FILE_ALTERED`, `CT_STATE_FILE_FOREIGN`, `CT_STATE_FILE_NEWER`)
 */
export function parseStateFile(
  path: string,
  text: string,
  { ignoresUnknownKeys = false }: ParseOptions = {},
): SavedState {
  let json: unknown;
  try {
    json = parseBoundedJson(Buffer.from(text), { maxStructure: MAX_STRUCTURE });
  } catch (cause) {
    throw new StateFileError('CT_STATE_FILE_DAMAGED', path, (cause as Error).message, { cause });
  }
  const { version, written_by: writer } = (json ?? {}) as Record<string, unknown>;
  if (typeof writer !== 'string' || !writer.startsWith(`${PRODUCT} `)) {
    throw new StateFileError('CT_STATE_FILE_FOREIGN', path, `it is not a state file of ${PRODUCT}`);
  }
  if (typeof version === 'number' && version > VERSION) {
    throw new StateFileError('CT_STATE_FILE_NEWER', path, `${oneLine(writer)} wrote it in a later format`);
  }
  const result = (ignoresUnknownKeys ? openSchema : strictSchema).safeParse(json);
  if (!result.success) {
    throw new StateFileError('CT_STATE_FILE_DAMAGED', path, firstProblem(result.error));
  }
  checkSum(path, json as Record<string, unknown>);
  return { logs: new Map(Object.entries(result.data.logs)), indexFiles: result.data.ct_index_sha256 };
}

/**
 * Accepts a file without checksum: an earlier version wrote it, or the operator edited it and removed the checksum.
 * @throws StateFileError (`CT_STATE_FILE_ALTERED`)
 */
function checkSum(path: string, { checksum, ...rest }: Record<string, unknown>): void {
  if (checksum === undefined || checksum === checksumOf(rest)) return;
  throw new StateFileError('CT_STATE_FILE_ALTERED', path, 'its checksum does not match its contents');
}

/** Returns the checksum of the values in their order, without whitespace between them. */
function checksumOf(content: object): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`;
}

function firstProblem({ issues }: z.ZodError): string {
  const [{ path, message }] = issues;
  return oneLine(`${path.map(String).join(' > ')}: ${message}`);
}

function oneLine(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').slice(0, 300);
}

/**
 * Returns indented JSON with hashes in base64 and heads unchanged. The checksum is on a line of its own, so that it can be
 * removed.
 */
export function formatStateFile({ logs, indexFiles }: SavedState, now: number): string {
  const keys = [...logs.keys()].sort();
  const start = { version: VERSION, written_by: `${PRODUCT} ${packageJson().version}` };
  const rest = {
    saved_at: new Date(now).toISOString(),
    ct_index_sha256: indexFiles,
    logs: Object.fromEntries(keys.map((key) => [key, formatLog(logs.get(key)!)])),
  };
  const checksum = checksumOf({ ...start, ...rest });
  return `${JSON.stringify({ ...start, checksum, ...rest }, undefined, 2)}\n`;
}

function formatLog(log: SavedLog): object {
  return {
    next_index: log.next,
    as_of: new Date(log.asOf).toISOString(),
    range: log.range?.map(base64),
    verified: log.verified && { size: log.verified.size, hashes: log.verified.hashes.map(base64) },
    head: log.head && formatHead(log.head),
    gaps: log.gaps.length === 0 ? undefined : log.gaps.map(formatGap),
    place: log.place && { epoch: log.place.epoch, seq: log.place.seq },
  };
}

function formatHead({ treeSize, timestamp, rootHash, signed }: SignedTreeHead): object {
  const text = signed.toString('utf8');
  const isText = Buffer.from(text).equals(signed);
  return {
    tree_size: treeSize,
    timestamp,
    root_hash: base64(rootHash),
    ...(isText ? { signed: text } : { signed_base64: base64(signed) }),
  };
}

function formatGap({ since, range, ...rest }: Gap): object {
  return { ...rest, since: new Date(since).toISOString(), range: range?.map(base64) };
}

function base64(value: Buffer): string {
  return value.toString('base64');
}
