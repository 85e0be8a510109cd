import { withoutSpace } from '../kernel/trim.js';
import { HttpFormatError } from './http-errors.js';
import { READ_FIELDS, type ResponseFields } from './http-messages.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const READ = new Set<string>(READ_FIELDS);
const FRAMING = new Set(['content-length', 'transfer-encoding']);
const CHUNKED = 'chunked';

/** The header fields of a response, and how they delimit its body (RFC 9112, 6.3). */
export interface ResponseHead {
  readonly fields: ResponseFields;
  /**
   * `chunked`: the last transfer coding is chunked. `until-close`: another transfer coding is the last, or there is no length.
   * Otherwise the body has so many octets. Other codings than chunked are left to the reader of the body.
   */
  readonly body: 'chunked' | 'until-close' | number;
  /** Whether another reader may find another end of the body, so that the connection must be closed. */
  readonly isAmbiguous: boolean;
}

/** @throws HttpFormatError if a field has no name, or the end of the body is unknown. */
export function readResponseFields(lines: readonly string[]): ResponseHead {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const [name, value] = readField(line);
    if (!READ.has(name)) continue;
    if (fields[name] === undefined) fields[name] = value;
    else if (name === 'connection' || FRAMING.has(name)) fields[name] += `,${value}`;
  }
  const { 'transfer-encoding': coding, 'content-length': lengths } = fields;
  const codings = coding === undefined ? [] : transferCodings(coding);
  const [length, ...others] =
    lengths === undefined ? [] : lengths.split(',').map((text) => withoutSpace(text));
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    throw malformed('its Content-Length is not a number');
  if (others.some((other) => other !== length)) throw malformed('it has two different Content-Length fields');
  if (codings.length > 0) {
    // Transfer-Encoding takes precedence.
    delete fields['content-length'];
    const isAmbiguous = length !== undefined;
    return { fields, isAmbiguous, body: codings.at(-1) === CHUNKED ? CHUNKED : 'until-close' };
  }
  if (length !== undefined) fields['content-length'] = length;
  const body = length === undefined ? 'until-close' : Number(length);
  return { fields, isAmbiguous: others.length > 0 || coding !== undefined, body };
}

/** Checks a trailer field. Trailer fields are not used, and must not change the framing of the message (RFC 9110, 6.5.1). */
export function checkTrailerField(line: string): void {
  const [name] = readField(line);
  if (FRAMING.has(name)) throw malformed(`its trailer fields contain ${name}`);
}

/** Returns the codings of a Transfer-Encoding field in lower case, without `identity`, by which old servers mean no coding. */
function transferCodings(value: string): string[] {
  const codings = value.split(',').map((text) => withoutSpace(text).toLowerCase());
  if (codings.some((name) => !TOKEN.test(name))) throw malformed('its transfer coding is not a name');
  if (codings.filter((name) => name === CHUNKED).length > 1) throw malformed('its chunks contain chunks');
  return codings.filter((name) => name !== 'identity');
}

/** @returns the name in lower case, and the value without surrounding white space. */
function readField(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1 || !TOKEN.test(line.slice(0, colon))) throw malformed('a header field has no name');
  return [line.slice(0, colon).toLowerCase(), withoutSpace(line.slice(colon + 1))];
}

export function malformed(reason: string): HttpFormatError {
  return new HttpFormatError(`the response is not HTTP/1.1: ${reason}`);
}
