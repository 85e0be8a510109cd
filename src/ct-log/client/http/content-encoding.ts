import { promisify } from 'node:util';
import { brotliDecompress, gunzip, gunzipSync, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import { CtMalformedError, CtTooLargeError } from '../ct-log-error.js';

type Inflate = (body: Buffer, options: ZlibOptions) => Promise<Buffer>;
const gunzipInThreadPool: Inflate = promisify(gunzip);
const inflateInThreadPool: Inflate = promisify(inflate);
const inflateRawInThreadPool: Inflate = promisify(inflateRaw);
const brotliInThreadPool: Inflate = promisify(brotliDecompress);

/** Below this many compressed bytes the thread pool costs more than the inflation. */
const INFLATE_HERE_BYTES = 4096;
/** Header and trailer of a gzip file. */
const GZIP_LEAST_BYTES = 18;
/** Largest inflation factor of DEFLATE: 258 octets in two bits. */
const MAX_INFLATION = 1032;
const LEAST_CHUNK = 1024;
/** How often a body may be compressed: by the log, by its storage and by a proxy. */
const MAX_LAYERS = 3;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Octets that show whether a body is a text. */
const SHOWN = 16;

/**
 * Removes the Content-Encoding of a body. The first octets decide and not the header field, because storages and proxies set it
 * wrongly: no page, checkpoint, tile or certificate begins with the gzip magic. The field decides only about encodings without a
 * magic, of a body that is neither a text nor a tile nor a certificate.
 * @throws CtTooLargeError, CtMalformedError (`CT_MALFORMED_ENCODING`)
 */
export async function decodeBody(
  url: string,
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  let decoded = body;
  for (let layers = 0; isGzip(decoded); layers++) {
    if (layers === MAX_LAYERS)
      throw malformed(url, `a body that is compressed more than ${MAX_LAYERS} times`);
    decoded = await unzip(url, decoded, maxBytes);
  }
  if (decoded !== body || encoding === undefined || isPlain(body)) return decoded;
  if (body.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC))
    throw malformed(url, 'a body in zstd, which was not requested');
  return (await unlabelled(url, body, encoding.toLowerCase(), maxBytes)) ?? body;
}

async function unzip(url: string, body: Buffer, maxBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: maxBytes, chunkSize: inflatedSize(body, maxBytes) };
  try {
    return body.length < INFLATE_HERE_BYTES
      ? gunzipSync(body, options)
      : await gunzipInThreadPool(body, options);
  } catch (error) {
    if (isTooLarge(error)) throw new CtTooLargeError(url, maxBytes, { cause: error });
    throw malformed(url, 'a damaged gzip body', error);
  }
}

/** Decodes a body of an encoding that was not requested. @returns undefined if the body is not in the named encoding. */
async function unlabelled(
  url: string,
  body: Buffer,
  encoding: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const candidates: Inflate[] = [];
  if (/\bbr\b/.test(encoding)) candidates.push(brotliInThreadPool);
  if (/\bdeflate\b/.test(encoding)) candidates.push(inflateInThreadPool, inflateRawInThreadPool);
  for (const candidate of candidates) {
    try {
      return await candidate(body, { maxOutputLength: maxBytes });
    } catch (error) {
      if (isTooLarge(error)) throw new CtTooLargeError(url, maxBytes, { cause: error });
    }
  }
  return undefined;
}

/** Whether a body begins like a gzip file with DEFLATE and without reserved flags (RFC 1952, 2.3). */
function isGzip(body: Buffer): boolean {
  return body[0] === 0x1f && body[1] === 0x8b && body[2] === 0x08 && body[3] < 0x20;
}

/** Whether a body begins like an ASCII text, a data tile (a time in milliseconds) or a certificate (a SEQUENCE). */
function isPlain(body: Buffer): boolean {
  if (body[0] === 0x00 || (body[0] === 0x30 && body[1] >= 0x80)) return true;
  return body
    .subarray(0, SHOWN)
    .every((octet) => (octet >= 0x20 && octet < 0x7f) || (octet >= 0x09 && octet <= 0x0d));
}

/**
 * Returns the chunk size for zlib: the inflated size from the gzip trailer (RFC 1952, 2.3.1), limited to possible values. zlib
 * then needs one chunk instead of hundreds. With several members the trailer covers only the last one; then zlib needs one
 * chunk per factor of inflation.
 */
function inflatedSize(body: Buffer, maxBytes: number): number {
  const claimed = body.length < GZIP_LEAST_BYTES ? 0 : body.readUInt32LE(body.length - 4);
  return Math.max(LEAST_CHUNK, body.length, Math.min(claimed + 1, maxBytes, body.length * MAX_INFLATION));
}

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function malformed(url: string, what: string, cause?: unknown): CtMalformedError {
  return new CtMalformedError('ENCODING', `${url} answered with ${what}`, { cause });
}
