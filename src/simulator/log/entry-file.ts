import { readFileSync } from 'node:fs';
import type { RawEntry } from './log-entry.js';

/** The members of one entry in a file that are used. */
interface EntryJson {
  readonly leaf_input?: string;
  readonly extra_data?: string;
  readonly tile_leaf?: string;
  /** Base64 of the DER, or the fingerprint as 64 hex digits when the file does not contain the certificate. */
  readonly issuers?: readonly string[];
}

const FINGERPRINT = /^[0-9a-f]{64}$/i;

/**
 * Reads the entries of a file: JSON lines, one JSON object or an array of objects.
 * @throws SyntaxError for other content, TypeError for an object without a leaf.
 */
export function readEntries(path: string): RawEntry[] {
  return parse(readFileSync(path, 'utf8')).map(rawEntry);
}

function parse(text: string): EntryJson[] {
  try {
    const value = JSON.parse(text) as EntryJson | EntryJson[];
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => JSON.parse(line) as EntryJson);
  }
}

/** Converts an entry from the JSON form of get-entries, the corpus and the golden examples. */
export function rawEntry(json: EntryJson): RawEntry {
  if (json.leaf_input === undefined && json.tile_leaf === undefined) {
    throw new TypeError('an entry needs leaf_input or tile_leaf');
  }
  const issuers = json.issuers?.filter((issuer) => !FINGERPRINT.test(issuer)) ?? [];
  return {
    ...(json.leaf_input !== undefined && { leafInput: Buffer.from(json.leaf_input, 'base64') }),
    ...(json.extra_data !== undefined && { extraData: Buffer.from(json.extra_data, 'base64') }),
    ...(json.tile_leaf !== undefined && { tileLeaf: Buffer.from(json.tile_leaf, 'base64') }),
    issuers: issuers.map((issuer) => Buffer.from(issuer, 'base64')),
  };
}
