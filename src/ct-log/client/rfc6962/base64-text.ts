import { latin1Text, writeBase64 } from '../../../certificate/native-text.js';

const PADDING = 0x3d;

/** 6-bit values by character of base64 and base64url, which Node both accepts; -1 for other characters. */
const SEXTETS = new Int8Array(256).fill(-1);
for (const [value, character] of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
).entries()) {
  SEXTETS[character] = value;
}
SEXTETS['-'.charCodeAt(0)] = 62;
SEXTETS['_'.charCodeAt(0)] = 63;

/** Returns the number of octets in the base64 text `body[start, end)`; -1 if its length or padding is wrong. */
export function decodedLength(body: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  if (length % 4 !== 0) return -1;
  const padding = body[end - 1] !== PADDING ? 0 : body[end - 2] !== PADDING ? 1 : 2;
  return (length / 4) * 3 - padding;
}

/**
 * Decodes the text of `count` octets at `from` in `body` to `bytes[at, ...)`.
 * @returns whether it is base64: Node skips other characters, so that fewer octets are decoded.
 */
export function decodeText(bytes: Buffer, at: number, count: number, body: Buffer, from: number): boolean {
  return writeBase64(bytes, latin1Text(body, from, from + Math.ceil(count / 3) * 4), at) === count;
}

/** Returns the three octets of the four characters at `at` as a number; negative if they are padded or not base64. */
export function readGroup(body: Buffer, at: number, limit: number): number {
  if (at + 4 > limit) return -1;
  const high = (SEXTETS[body[at]] << 6) | SEXTETS[body[at + 1]];
  const low = (SEXTETS[body[at + 2]] << 6) | SEXTETS[body[at + 3]];
  return high < 0 || low < 0 ? -1 : (high << 12) | low;
}
