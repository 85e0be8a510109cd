import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { CtMalformedError, CtTooLargeError } from '../ct-log-error.js';

const gunzipInThreadPool = promisify(gunzip);

/** Below this many compressed bytes the thread pool costs more than the inflation. */
const INFLATE_HERE_BYTES = 4096;

/** Header and trailer of a gzip file. */
const GZIP_LEAST_BYTES = 18;
/** Largest inflation factor of DEFLATE: 258 octets in two bits. */
const MAX_INFLATION = 1032;
const LEAST_CHUNK = 1024;

/**
 * Removes the Content-Encoding of a body. gzip requires no negotiation in static-ct-api, so it is also recognised without the
 * header: no get-entries page, checkpoint, tile or certificate begins with the gzip magic.
 * @throws CtTooLargeError, CtMalformedError (`CT_MALFORMED_ENCODING`)
 */
export async function decodeBody(
  url: string,
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === 'gzip' || name === 'x-gzip') return inflate(url, body, maxBytes);
  if (name !== '' && name !== 'identity') {
    throw new CtMalformedError(
      'ENCODING',
      `${url} answered with unknown Content-Encoding "${name.slice(0, 40)}"`,
    );
  }
  return body[0] === 0x1f && body[1] === 0x8b ? inflate(url, body, maxBytes) : body;
}

async function inflate(url: string, body: Buffer, maxBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: maxBytes, chunkSize: inflatedSize(body, maxBytes) };
  try {
    return body.length < INFLATE_HERE_BYTES
      ? gunzipSync(body, options)
      : await gunzipInThreadPool(body, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new CtTooLargeError(url, maxBytes, { cause: error });
    }
    throw new CtMalformedError('ENCODING', `${url} answered with a damaged gzip body`, { cause: error });
  }
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
