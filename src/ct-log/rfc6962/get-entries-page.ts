import { CtMalformedError } from '../ct-log-error.js';

/** The decoded strings of a get-entries response (RFC 6962, 4.6), one after the other in one buffer. */
export interface GetEntriesPage {
  readonly bytes: Buffer;
  readonly count: number;
  /** `2 * count + 1` offsets: leaf_input i is `[2i, 2i+1)`, extra_data i is `[2i+1, 2i+2)`. */
  readonly bounds: Uint32Array;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSING_BRACKET = 0x5d;
const PADDING = 0x3d;
const HEAD = Buffer.from('{"entries":[');
const ENTRY = Buffer.from('{"leaf_input":"');
const MIDDLE = Buffer.from('","extra_data":"');
const TAIL = Buffer.from('"}');
const END = Buffer.from(']}');

/**
 * Decodes a get-entries response. The layout that every log writes is scanned without making strings of
 * the whole; anything else that is JSON (other key order, unknown keys, escapes) goes through `JSON.parse`.
 * @throws CtMalformedError (`CT_MALFORMED_PAGE`) for anything that is not a get-entries response.
 */
export function decodeGetEntriesPage(body: Buffer): GetEntriesPage {
  const found = scan(body);
  const page = found && decodeScanned(body, found);
  if (page !== undefined) return page;
  const parsed = decodeStrings(parse(body));
  if (parsed === undefined) throw malformed('a string is not base64');
  return parsed;
}

/** Start and end of every base64 string, or undefined if the bytes are not laid out as expected. */
function scan(body: Buffer): number[] | undefined {
  const found: number[] = [];
  let at = expect(body, skipSpace(body, 0), HEAD);
  if (at < 0) return undefined;
  if (body[at] !== CLOSING_BRACKET) {
    for (;;) {
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

/** The offset after `token`, or -1 if it is not at `at`. */
function expect(body: Buffer, at: number, token: Buffer): number {
  for (let i = 0; i < token.length; i++) if (body[at + i] !== token[i]) return -1;
  return at + token.length;
}

function skipSpace(body: Buffer, at: number): number {
  let i = at;
  while (body[i] === 0x20 || (body[i] >= 0x09 && body[i] <= 0x0d)) i++;
  return i;
}

function parse(body: Buffer): string[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw malformed('it is not JSON, or cut off', error);
  }
  const entries = isObject(json) ? json['entries'] : undefined;
  if (!Array.isArray(entries)) throw malformed('"entries" is missing');
  const strings: string[] = [];
  for (const entry of entries as unknown[]) {
    const leafInput = isObject(entry) ? entry['leaf_input'] : undefined;
    const extraData = isObject(entry) ? entry['extra_data'] : undefined;
    if (typeof leafInput !== 'string' || typeof extraData !== 'string') {
      throw malformed('an entry lacks "leaf_input" or "extra_data"');
    }
    strings.push(leafInput, extraData);
  }
  return strings;
}

/** Undefined if one of the strings is not base64. The strings are made one at a time, to be short-lived. */
function decodeScanned(body: Buffer, found: readonly number[]): GetEntriesPage | undefined {
  const strings = found.length / 2;
  const bounds = new Uint32Array(strings + 1);
  for (let i = 0; i < strings; i++) {
    const end = found[2 * i + 1];
    const length = decodedLength(end - found[2 * i], body[end - 1], body[end - 2]);
    if (length < 0) return undefined;
    bounds[i + 1] = bounds[i] + length;
  }
  const bytes = Buffer.allocUnsafeSlow(bounds[strings]);
  for (let i = 0; i < strings; i++) {
    const text = body.toString('latin1', found[2 * i], found[2 * i + 1]);
    if (!decodeText(bytes, text, bounds[i], bounds[i + 1])) return undefined;
  }
  return { bytes, count: strings / 2, bounds };
}

function decodeStrings(texts: readonly string[]): GetEntriesPage | undefined {
  const bounds = new Uint32Array(texts.length + 1);
  for (const [i, text] of texts.entries()) {
    const length = decodedLength(
      text.length,
      text.charCodeAt(text.length - 1),
      text.charCodeAt(text.length - 2),
    );
    if (length < 0) return undefined;
    bounds[i + 1] = bounds[i] + length;
  }
  const bytes = Buffer.allocUnsafeSlow(bounds[texts.length]);
  for (const [i, text] of texts.entries()) {
    if (!decodeText(bytes, text, bounds[i], bounds[i + 1])) return undefined;
  }
  return { bytes, count: texts.length / 2, bounds };
}

/** Node's decoder skips what is not base64, so a wrong character shows as missing bytes. */
function decodeText(bytes: Buffer, text: string, start: number, end: number): boolean {
  return bytes.write(text, start, 'base64') === end - start;
}

/** -1 if the length or the padding is wrong. */
function decodedLength(length: number, last: number, lastButOne: number): number {
  if (length === 0) return 0;
  if (length % 4 !== 0) return -1;
  const padding = last !== PADDING ? 0 : lastButOne !== PADDING ? 1 : 2;
  return (length / 4) * 3 - padding;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function malformed(reason: string, cause?: unknown): CtMalformedError {
  return new CtMalformedError('PAGE', `the get-entries response is unusable: ${reason}`, { cause });
}
