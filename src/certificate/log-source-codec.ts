import type { LogProtocol, LogSource } from './entry-batch.js';

const LENGTH_BYTES = 4;

/** Encoded octets of sources. */
const encoded = new WeakMap<LogSource, Buffer>();

/** Decoded sources. Other code uses the source object as the key of what it remembers about a log, such as its text sizes. */
const decoded = new Map<string, LogSource>();
const MAX_DECODED = 1024;
/** Longer sources are not remembered. */
const MAX_DECODED_BYTES = 4096;

/** Encodes name, URL and operator of a log, each as `u32 length (little-endian), UTF-8`. */
export function encodeLogSource(source: LogSource): Buffer {
  const known = encoded.get(source);
  if (known !== undefined) return known;
  const texts = [source.name, source.url, source.operator].map((text) => Buffer.from(text));
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

/** @returns the same object for the same log unless there are too many logs; undefined if `bytes` are not three texts. */
export function decodeLogSource(bytes: Buffer, type: LogProtocol): LogSource | undefined {
  const key = bytes.length <= MAX_DECODED_BYTES ? type + bytes.toString('latin1') : undefined;
  const known = key === undefined ? undefined : decoded.get(key);
  if (known !== undefined) return known;
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < 3; i++) {
    const start = at + LENGTH_BYTES;
    if (start > bytes.length) return undefined;
    at = start + bytes.readUInt32LE(start - LENGTH_BYTES);
    if (at > bytes.length) return undefined;
    texts.push(bytes.toString('utf8', start, at));
  }
  if (at !== bytes.length) return undefined;
  const source: LogSource = { name: texts[0], url: texts[1], operator: texts[2], type };
  if (key === undefined) return source;
  if (decoded.size === MAX_DECODED) decoded.clear();
  decoded.set(key, source);
  return source;
}
