import type { LogSource } from './entry-batch.js';
import type { LogProtocol } from './certificate-message.js';

const LENGTH_BYTES = 4;
const LEAST_TEXTS = 3;
const MOST_TEXTS = 4;

/** Encoded octets of sources. */
const encoded = new WeakMap<LogSource, Buffer>();

/** Decoded sources. Other code uses the source object as the key of what it remembers about a log, such as its text sizes. */
const decoded = new Map<string, LogSource>();
const MAX_DECODED = 1024;
/** Longer sources are not remembered. */
const MAX_DECODED_BYTES = 4096;

/** Encodes name, URL, operator and, if it is known, LogID of a log, each as `u32 length (little-endian), UTF-8`. */
export function encodeLogSource(source: LogSource): Buffer {
  const known = encoded.get(source);
  if (known !== undefined) return known;
  const { name, url, operator, logId } = source;
  const texts = [name, url, operator, ...(logId === undefined ? [] : [logId])].map((text) =>
    Buffer.from(text),
  );
  const bytes = Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );
  encoded.set(source, bytes);
  return bytes;
}

/** @returns the same object for the same log unless there are too many logs; undefined if `bytes` are not three or four texts. */
export function decodeLogSource(bytes: Buffer, type: LogProtocol): LogSource | undefined {
  const key = bytes.length <= MAX_DECODED_BYTES ? type + bytes.toString('latin1') : undefined;
  const known = key === undefined ? undefined : decoded.get(key);
  if (known !== undefined) return known;
  const texts: string[] = [];
  let at = 0;
  while (texts.length < LEAST_TEXTS || (at < bytes.length && texts.length < MOST_TEXTS)) {
    const start = at + LENGTH_BYTES;
    if (start > bytes.length) return undefined;
    at = start + bytes.readUInt32LE(start - LENGTH_BYTES);
    if (at > bytes.length) return undefined;
    texts.push(bytes.toString('utf8', start, at));
  }
  if (at !== bytes.length) return undefined;
  const [name, url, operator, logId] = texts as [string, string, string, string?];
  const source: LogSource = { name, url, operator, type, ...(logId !== undefined && { logId }) };
  if (key === undefined) return source;
  if (decoded.size === MAX_DECODED) decoded.clear();
  decoded.set(key, source);
  return source;
}
