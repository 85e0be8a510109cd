import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { acceptsCoding, type ContentCoding } from '../../web/accept-encoding.js';

/** The better one first. */
const CODINGS: readonly ContentCoding[] = ['br', 'gzip'];

const COMPRESS: Readonly<Record<ContentCoding, (octets: Buffer) => Promise<Buffer>>> = {
  br: (octets) => promisify(brotliCompress)(octets, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (octets) => promisify(gzip)(octets, { level: 9 }),
};

/** One file of the page, in memory. It is compressed at the first request that accepts a content coding, and kept. */
export class PageFile {
  private readonly digest: string;
  private readonly compressed = new Map<ContentCoding, Promise<Buffer>>();

  constructor(
    private readonly type: string,
    private readonly octets: Buffer,
  ) {
    this.digest = createHash('sha256').update(octets).digest('base64url').slice(0, 22);
  }

  /** Answers a GET or HEAD, with 304 if the client has the file (RFC 9110, 13.1.2). */
  async send(
    request: IncomingMessage,
    response: ServerResponse,
    headers: OutgoingHttpHeaders,
  ): Promise<void> {
    const coding = CODINGS.find((each) => acceptsCoding(request.headers['accept-encoding'], each));
    // Each coding is a representation of its own and has a tag of its own (RFC 9110, 8.8.3).
    const etag = `"${this.digest}${coding === undefined ? '' : `-${coding}`}"`;
    for (const [name, value] of Object.entries({ ...headers, ETag: etag })) response.setHeader(name, value);
    response.appendHeader('Vary', 'Accept-Encoding');
    if (isKnown(request.headers['if-none-match'], etag)) return void response.writeHead(304).end();
    const body = coding === undefined ? this.octets : await this.as(coding);
    response.writeHead(200, {
      'Content-Type': this.type,
      'Content-Length': body.length,
      ...(coding !== undefined && { 'Content-Encoding': coding }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private as(coding: ContentCoding): Promise<Buffer> {
    const known = this.compressed.get(coding) ?? COMPRESS[coding](this.octets);
    this.compressed.set(coding, known);
    return known;
  }
}

function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
