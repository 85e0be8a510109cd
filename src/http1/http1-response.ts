import { HttpFormatError } from './http-errors.js';
import { READ_FIELDS, type ResponseFields, type ResponseReceiver } from './http-messages.js';

/** Status line and header fields, and the same for trailer fields. */
const MAX_HEAD_BYTES = 32 * 1024;
/** A chunk's size in hexadecimal, with its extensions. */
const MAX_CHUNK_LINE_BYTES = 1024;
/** Informational responses in front of the final one. */
const MAX_INFORMATIONAL = 8;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |$)/;
/** Control characters, and line ends that are not CRLF (RFC 9110, 5.5). */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
/** A chunk's size, with extensions that have a name, and perhaps a value (RFC 9112, 7.1). */
const CHUNK_LINE =
  /^([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"\\]*"))?)*$/;
const READ = new Set<string>(READ_FIELDS);
const FRAMING = new Set(['content-length', 'transfer-encoding']);

type State = 'head' | 'sized' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

/**
 * Reads one response to a GET or CONNECT request (RFC 9112) as its bytes come in, without keeping any of the body. Strict
 * where leniency would have two readers see two messages: lines end with CRLF, fields do not fold and hold no control
 * characters, and a length is one number or chunked, never both. Everything that is accepted here, Node's own parser
 * accepts too, and reads in the same way.
 */
export class Http1Response {
  private state: State = 'head';
  /** The part of a head or line that has come, while it is not complete. */
  private pending: Buffer = NOTHING;
  /** Octets to come of the body or chunk. */
  private missing = 0;
  private informational = 0;
  private trailerBytes = 0;
  private persistent = false;
  private fields: ResponseFields = {};

  /** @param method the response to `connect` has no body, whatever its fields say (RFC 9110, 9.3.6). */
  constructor(
    private readonly receiver: ResponseReceiver,
    private readonly method: 'get' | 'connect' = 'get',
  ) {}

  get isDone(): boolean {
    return this.state === 'done';
  }

  /** Whether the connection can serve another request, once this response is done. */
  get isPersistent(): boolean {
    return this.persistent;
  }

  /** Of Keep-Alive: how long the peer keeps an idle connection, milliseconds. Undefined when it does not say. */
  get keepAliveMs(): number | undefined {
    const seconds = /\btimeout=(\d{1,6})/i.exec(this.fields['keep-alive'] ?? '')?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  }

  /** @returns how many octets of `chunk` are of this response. @throws HttpFormatError */
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

  /** The receiver is told nothing more. */
  stop(): void {
    this.state = 'done';
  }

  /** The peer has closed its side. @returns whether that was the end of the body. */
  close(): boolean {
    if (this.state !== 'until-close') return false;
    this.finish();
    return true;
  }

  /** @returns the offset behind what could be read; -1 when more of the line or head has to come first. */
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
    if (FORBIDDEN.test(head)) throw malformed('its head holds control characters');
    const [statusLine, ...lines] = head.split('\r\n');
    const [, minor, code] = STATUS_LINE.exec(statusLine) ?? [];
    if (code === undefined) throw malformed('its status line is none of HTTP/1');
    const status = Number(code);
    if (status === 101 || status < 100) throw malformed(`status ${status} was not asked for`);
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

  /** Where the body ends (RFC 9112, 6.3). */
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

/** @throws HttpFormatError where a field has no name, or the framing is ambiguous (RFC 9112, 6.3). */
function readFields(lines: readonly string[]): ResponseFields {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const [name, value] = readField(line);
    if (!READ.has(name)) continue;
    if (fields[name] === undefined) fields[name] = value;
    else if (name === 'connection') fields[name] += `, ${value}`;
    else if (FRAMING.has(name)) throw malformed(`it has two ${name}`);
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

/** @returns the name in lower case, and the value without the white space around it. */
function readField(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1 || !FIELD_NAME.test(line.slice(0, colon))) throw malformed('a header field has no name');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
}

/** Trailer fields are not used; they must not frame the message (RFC 9110, 6.5.1). */
function readTrailer(line: string): void {
  if (FORBIDDEN.test(line)) throw malformed('its trailer fields hold control characters');
  const [name] = readField(line);
  if (FRAMING.has(name)) throw malformed(`its trailer fields hold ${name}`);
}

/** Where the line at `at` ends; -1 if it is not complete. */
function lineEnd(bytes: Buffer, at: number, maxBytes: number): number {
  const end = bytes.indexOf(LINE_END, at);
  if ((end < 0 ? bytes.length : end) - at > maxBytes) throw malformed('a line is too long');
  return end;
}

function malformed(reason: string): HttpFormatError {
  return new HttpFormatError(`the response is not HTTP/1.1: ${reason}`);
}
