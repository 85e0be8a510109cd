import { HttpFormatError } from './http-errors.js';
import { READ_FIELDS, type ResponseFields, type ResponseReceiver } from './http-messages.js';

/** Most octets of the status line and header fields together, and of the trailer fields. */
const MAX_HEAD_BYTES = 32 * 1024;
/** Most octets of the line with the size of a chunk and its extensions. */
const MAX_CHUNK_LINE_BYTES = 1024;
/** Most informational responses before the final response. */
const MAX_INFORMATIONAL = 8;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |$)/;
/** Control characters, and line ends that are not CRLF (RFC 9110, 5.5). */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
/** The size of a chunk, with extensions that have a name and optionally a value (RFC 9112, 7.1). */
const CHUNK_LINE =
  /^([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"\\]*"))?)*$/;
const READ = new Set<string>(READ_FIELDS);
const FRAMING = new Set(['content-length', 'transfer-encoding']);

type State = 'head' | 'sized' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

/**
 * Reads one response to a GET or CONNECT request (RFC 9112) as its octets arrive, without keeping the body. The parser is
 * strict where two lenient parsers could read different messages: lines must end with CRLF, fields must not be folded or
 * contain control characters, and a message has either one Content-Length or the transfer coding chunked, never both. Node's
 * own parser accepts every response that this parser accepts, and reads it in the same way.
 */
export class Http1Response {
  private state: State = 'head';
  /** The received part of an incomplete head or line. */
  private pending: Buffer = NOTHING;
  /** Octets of the body or chunk that are still missing. */
  private missing = 0;
  private informational = 0;
  private trailerBytes = 0;
  private persistent = false;
  private fields: ResponseFields = {};

  /** @param method a response to `connect` has no body, regardless of its header fields (RFC 9110, 9.3.6). */
  constructor(
    private readonly receiver: ResponseReceiver,
    private readonly method: 'get' | 'connect' = 'get',
  ) {}

  get isDone(): boolean {
    return this.state === 'done';
  }

  /** Whether the connection can be used for another request after this response. */
  get isPersistent(): boolean {
    return this.persistent;
  }

  /** How long the peer keeps an idle connection, from the Keep-Alive field, milliseconds. Undefined if it does not say. */
  get keepAliveMs(): number | undefined {
    const seconds = /\btimeout=(\d{1,6})/i.exec(this.fields['keep-alive'] ?? '')?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  }

  /** Reads a chunk. @returns how many octets of `chunk` belong to this response. @throws HttpFormatError */
  read(chunk: Buffer): number {
    const held = this.pending.length;
    const bytes = held === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    this.pending = NOTHING;
    let at = 0;
    while (this.state !== 'done') {
      const next = this.step(bytes, at);
      if (next < 0) {
        this.pending = Buffer.from(bytes.subarray(at));
        return chunk.length;
      }
      at = next;
      if (at === bytes.length && !this.isDone) return chunk.length;
    }
    return at - held;
  }

  /** Ends the response. The receiver gets no further call. */
  stop(): void {
    this.state = 'done';
  }

  /** Handles that the peer has closed its side. @returns whether this was the end of the body. */
  close(): boolean {
    if (this.state !== 'until-close') return false;
    this.finish();
    return true;
  }

  /** Reads the next part. @returns the offset after it, or -1 if the line or head is incomplete. */
  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case 'head':
        return this.readHead(bytes, at);
      case 'sized':
      case 'chunk':
        return this.readBody(bytes, at);
      case 'until-close':
        this.receiver.onData(bytes.subarray(at));
        return bytes.length;
      case 'chunk-size':
        return this.readChunkSize(bytes, at);
      case 'chunk-end':
        return this.readChunkEnd(bytes, at);
      case 'trailers':
        return this.readTrailer(bytes, at);
      case 'done':
        return at;
    }
  }

  private readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(HEAD_END, at);
    if (end < 0 ? bytes.length - at > MAX_HEAD_BYTES : end - at > MAX_HEAD_BYTES)
      throw malformed('its head is too long');
    if (end < 0) return -1;
    const head = bytes.toString('latin1', at, end);
    if (FORBIDDEN.test(head)) throw malformed('its head contains control characters');
    const [statusLine, ...lines] = head.split('\r\n');
    const [, minor, code] = STATUS_LINE.exec(statusLine) ?? [];
    if (code === undefined) throw malformed('its status line is not an HTTP/1 status line');
    const status = Number(code);
    if (status === 101 || status < 100) throw malformed(`it has the unexpected status ${status}`);
    const fields = readFields(lines);
    const { connection = '', 'transfer-encoding': coding } = fields;
    const isClosing = /\bclose\b/i.test(connection);
    // Readers of HTTP/1.0 may disagree about the end of chunks (RFC 9112, 6.1).
    this.persistent = !isClosing && (minor === '1' || (/\bkeep-alive\b/i.test(connection) && !coding));
    if (status >= 200) this.begin(status, fields);
    else if (++this.informational > MAX_INFORMATIONAL) throw malformed('too many informational responses');
    else if (minor === '0' || isClosing) throw malformed('an informational response closes the connection');
    return end + HEAD_END.length;
  }

  private begin(status: number, fields: ResponseFields): void {
    this.fields = fields;
    this.state = this.framing(status, fields);
    this.receiver.onHead(status, fields);
    if (!this.isDone && this.state === 'sized' && this.missing === 0) this.finish();
  }

  /** Determines how the body is delimited (RFC 9112, 6.3). */
  private framing(status: number, fields: ResponseFields): State {
    const { 'transfer-encoding': coding, 'content-length': length } = fields;
    if (this.method === 'connect' || status === 204 || status === 304) return 'sized';
    if (coding !== undefined) return 'chunk-size';
    if (length === undefined) {
      this.persistent = false;
      return 'until-close';
    }
    this.missing = Number(length);
    return 'sized';
  }

  private readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.missing);
    if (end > at) {
      this.missing -= end - at;
      this.receiver.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    }
    if (this.missing === 0 && !this.isDone) {
      if (this.state === 'chunk') this.state = 'chunk-end';
      else this.finish();
    }
    return end;
  }

  private readChunkSize(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at, MAX_CHUNK_LINE_BYTES);
    if (end < 0) return -1;
    const line = bytes.toString('latin1', at, end);
    const [, size] = FORBIDDEN.test(line) ? [] : (CHUNK_LINE.exec(line) ?? []);
    if (size === undefined) throw malformed('the size of a chunk is not a number');
    this.missing = Number.parseInt(size, 16);
    this.state = this.missing === 0 ? 'trailers' : 'chunk';
    return end + LINE_END.length;
  }

  private readChunkEnd(bytes: Buffer, at: number): number {
    if (bytes.length - at < LINE_END.length) return -1;
    if (bytes[at] !== LINE_END[0] || bytes[at + 1] !== LINE_END[1])
      throw malformed('a chunk is longer than its size');
    this.state = 'chunk-size';
    return at + LINE_END.length;
  }

  private readTrailer(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at, MAX_HEAD_BYTES);
    if (end < 0) return -1;
    this.trailerBytes += end - at;
    if (this.trailerBytes > MAX_HEAD_BYTES) throw malformed('its trailer fields are too long');
    if (end === at) this.finish();
    else readTrailer(bytes.toString('latin1', at, end));
    return end + LINE_END.length;
  }

  private finish(): void {
    this.state = 'done';
    this.receiver.onEnd();
  }
}

/** @throws HttpFormatError if a field has no name or the framing is ambiguous (RFC 9112, 6.3). */
function readFields(lines: readonly string[]): ResponseFields {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const [name, value] = readField(line);
    if (!READ.has(name)) continue;
    if (fields[name] === undefined) fields[name] = value;
    else if (name === 'connection') fields[name] += `, ${value}`;
    else if (FRAMING.has(name)) throw malformed(`it has two ${name} fields`);
  }
  const { 'transfer-encoding': coding, 'content-length': length } = fields;
  if (coding !== undefined && length !== undefined)
    throw malformed('it has both Transfer-Encoding and Content-Length');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw malformed('its transfer coding is not chunked');
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    throw malformed('its Content-Length is not a number');
  return fields;
}

/** @returns the name in lower case, and the value without surrounding white space. */
function readField(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1 || !FIELD_NAME.test(line.slice(0, colon))) throw malformed('a header field has no name');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
}

/** Checks a trailer field. Trailer fields are not used, and must not change the framing of the message (RFC 9110, 6.5.1). */
function readTrailer(line: string): void {
  if (FORBIDDEN.test(line)) throw malformed('its trailer fields contain control characters');
  const [name] = readField(line);
  if (FRAMING.has(name)) throw malformed(`its trailer fields contain ${name}`);
}

/** Returns the offset at which the line at `at` ends, or -1 if the line is incomplete. */
function lineEnd(bytes: Buffer, at: number, maxBytes: number): number {
  const end = bytes.indexOf(LINE_END, at);
  if ((end < 0 ? bytes.length : end) - at > maxBytes) throw malformed('a line is too long');
  return end;
}

function malformed(reason: string): HttpFormatError {
  return new HttpFormatError(`the response is not HTTP/1.1: ${reason}`);
}
