import type { ResponseFields, ResponseReceiver } from './http-messages.js';
import { checkTrailerField, malformed, readResponseFields, type ResponseHead } from './response-fields.js';

/** Most octets of the status line and header fields together, and of the trailer fields. */
const MAX_HEAD_BYTES = 32 * 1024;
/** Most octets of the line with the size of a chunk and its extensions. */
const MAX_CHUNK_LINE_BYTES = 1024;
/** Most informational responses before the final response. */
const MAX_INFORMATIONAL = 8;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |$)/;
/** Control characters, and line ends that are not CRLF (RFC 9110, 5.5). */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
/**
 * The size of a chunk, with leading zeros, and extensions that have a name and optionally a value (RFC 9112, 7.1). Servers fill the
 * place for the size with zeros or spaces.
 */
const CHUNK_LINE =
  /^0*([0-9A-Fa-f]{1,8}) *(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"\\]*"))?)*$/;
type State = 'head' | 'sized' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

/**
 * Reads one response to a GET or CONNECT request (RFC 9112) as its octets arrive, without keeping the body. The parser is
 * strict where two lenient parsers could read different messages: lines must end with CRLF, and fields must not be folded or
 * contain control characters. Transfer-Encoding takes precedence over Content-Length (RFC 9112, 6.3), and after a message that has
 * both, or has a length twice, the connection is closed. Transfer codings other than chunked are left to the reader of the body.
 * Node's own parser, in its lenient mode, reads every response that this parser accepts in the same way.
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
    const text = bytes.toString('latin1', at, end);
    if (FORBIDDEN.test(text)) throw malformed('its head contains control characters');
    const [statusLine, ...lines] = text.split('\r\n');
    const [, minor, code] = STATUS_LINE.exec(statusLine) ?? [];
    if (code === undefined) throw malformed('its status line is not an HTTP/1 status line');
    const status = Number(code);
    if (status === 101 || status < 100) throw malformed(`it has the unexpected status ${status}`);
    const head = readResponseFields(lines);
    const { connection = '', 'transfer-encoding': coding } = head.fields;
    const isClosing = /\bclose\b/i.test(connection);
    // Readers of HTTP/1.0 may disagree about the end of chunks (RFC 9112, 6.1).
    const isKept = minor === '1' || (/\bkeep-alive\b/i.test(connection) && !coding);
    this.persistent = isKept && !isClosing && !head.isAmbiguous;
    if (status >= 200) this.begin(status, head);
    else if (++this.informational > MAX_INFORMATIONAL) throw malformed('too many informational responses');
    else if (minor === '0' || isClosing) throw malformed('an informational response closes the connection');
    return end + HEAD_END.length;
  }

  private begin(status: number, { fields, body }: ResponseHead): void {
    this.fields = fields;
    const hasNoBody = this.method === 'connect' || status === 204 || status === 304;
    if (hasNoBody || typeof body === 'number') {
      this.state = 'sized';
      this.missing = hasNoBody ? 0 : Number(body);
    } else if (body === 'chunked') this.state = 'chunk-size';
    else {
      this.state = 'until-close';
      this.persistent = false;
    }
    this.receiver.onHead(status, fields);
    if (!this.isDone && this.state === 'sized' && this.missing === 0) this.finish();
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
    else {
      const line = bytes.toString('latin1', at, end);
      if (FORBIDDEN.test(line)) throw malformed('its trailer fields contain control characters');
      checkTrailerField(line);
    }
    return end + LINE_END.length;
  }

  private finish(): void {
    this.state = 'done';
    this.receiver.onEnd();
  }
}

/** Returns the offset at which the line at `at` ends, or -1 if the line is incomplete. */
function lineEnd(bytes: Buffer, at: number, maxBytes: number): number {
  const end = bytes.indexOf(LINE_END, at);
  if ((end < 0 ? bytes.length : end) - at > maxBytes) throw malformed('a line is too long');
  return end;
}
