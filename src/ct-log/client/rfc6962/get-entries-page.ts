import { parseBoundedJson } from '../../../kernel/bounded-json.js';
import { CtMalformedError } from '../ct-log-error.js';
import { decodeEntryTexts, type GetEntriesPage } from './entry-texts.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSING_BRACKET = 0x5d;
const HEAD = Buffer.from('{"entries":[');
const ENTRY = Buffer.from('{"leaf_input":"');
const MIDDLE = Buffer.from('","extra_data":"');
const TAIL = Buffer.from('"}');
const END = Buffer.from(']}');
/** Maximum number of colons, commas and brackets outside of entries, and of one entry: five, and some unknown keys. */
const STRUCTURE_OF_PAGE = 256;
const STRUCTURE_OF_ENTRY = 16;

/**
 * Decodes a get-entries response (RFC 6962, 4.6). The layout that every log writes is scanned without parsing the whole as JSON.
 * Any other JSON layout (key order, unknown keys, escapes) is parsed, unless it has far more elements than the entries need.
 * @param asked most entries of the response.
 * @throws CtMalformedError (`CT_MALFORMED_PAGE`) if it is not a get-entries response or has more entries.
 */
export function decodeGetEntriesPage(body: Buffer, asked = Infinity): GetEntriesPage {
  const found = scan(body, asked);
  const page = found && decodeEntryTexts(body, found);
  return page ?? decodeParsed(parse(body, asked));
}

/** Returns start and end of every base64 string, or undefined if the bytes do not have the expected layout. */
function scan(body: Buffer, asked: number): number[] | undefined {
  const found: number[] = [];
  let at = expect(body, skipSpace(body, 0), HEAD);
  if (at < 0) return undefined;
  if (body[at] !== CLOSING_BRACKET) {
    for (let count = 1; ; count++) {
      if (count > asked) throw tooMany(asked);
      at = scanEntry(body, skipSpace(body, at), found);
      if (at < 0) return undefined;
      at = skipSpace(body, at);
      if (body[at] !== COMMA) break;
      at++;
    }
  }
  at = expect(body, at, END);
  return at >= 0 && skipSpace(body, at) === body.length ? found : undefined;
}

function scanEntry(body: Buffer, start: number, found: number[]): number {
  const leaf = expect(body, start, ENTRY);
  if (leaf < 0) return -1;
  const leafEnd = body.indexOf(QUOTE, leaf);
  if (leafEnd < 0) return -1;
  const extra = expect(body, leafEnd, MIDDLE);
  if (extra < 0) return -1;
  const extraEnd = body.indexOf(QUOTE, extra);
  if (extraEnd < 0) return -1;
  found.push(leaf, leafEnd, extra, extraEnd);
  return expect(body, extraEnd, TAIL);
}

/** Returns the offset after `token`, or -1 if it is not at `at`. */
function expect(body: Buffer, at: number, token: Buffer): number {
  for (let i = 0; i < token.length; i++) if (body[at + i] !== token[i]) return -1;
  return at + token.length;
}

function skipSpace(body: Buffer, at: number): number {
  let i = at;
  while (body[i] === 0x20 || (body[i] >= 0x09 && body[i] <= 0x0d)) i++;
  return i;
}

function parse(body: Buffer, asked: number): string[] {
  const json = parseJson(body, asked);
  const entries = isObject(json) ? json['entries'] : undefined;
  if (!Array.isArray(entries)) throw malformed('"entries" is missing');
  if (entries.length > asked) throw tooMany(asked);
  const strings: string[] = [];
  for (const entry of entries as unknown[]) {
    const leafInput = isObject(entry) ? entry['leaf_input'] : undefined;
    // The tree proves the leaf without its extra data. Go writes empty data as null.
    const extraData = isObject(entry) ? (entry['extra_data'] ?? '') : undefined;
    if (typeof leafInput !== 'string' || typeof extraData !== 'string') {
      throw malformed('the "leaf_input" or "extra_data" of an entry is not a text');
    }
    strings.push(leafInput, extraData);
  }
  return strings;
}

function parseJson(body: Buffer, asked: number): unknown {
  try {
    const maxStructure = STRUCTURE_OF_PAGE + asked * STRUCTURE_OF_ENTRY;
    return parseBoundedJson(body, { maxStructure, encoding: 'latin1' });
  } catch (error) {
    throw malformed((error as Error).message, error);
  }
}

function decodeParsed(strings: readonly string[]): GetEntriesPage {
  const texts = Buffer.from(strings.join(''));
  const found: number[] = [];
  let end = 0;
  for (const { length } of strings) found.push(end, (end += length));
  // A character of several bytes is not base64.
  const page = end === texts.length ? decodeEntryTexts(texts, found) : undefined;
  if (page === undefined) throw malformed('a string is not base64');
  return page;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function tooMany(asked: number): CtMalformedError {
  return malformed(`it has more than the ${asked} requested entries`);
}

function malformed(reason: string, cause?: unknown): CtMalformedError {
  return new CtMalformedError('PAGE', `the get-entries response is unusable: ${reason}`, { cause });
}
