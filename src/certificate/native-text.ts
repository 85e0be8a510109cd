/**
 * What `toString` and `write` of Buffer call: methods that every version of Node has, but no documentation and no type
 * declaration. The way to them takes 5 % of the time in which a page is decoded.
 */
interface NativeBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, at: number): number;
  base64Slice(start: number, end: number): string;
  base64Write(text: string, at: number): number;
}

/** One character per octet of `bytes[start, end)`. */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as NativeBuffer).latin1Slice(start, end);
}

/** One octet per UTF-16 unit from `at` on. @returns number of octets. */
export function writeLatin1(bytes: Buffer, text: string, at: number): number {
  return (bytes as NativeBuffer).latin1Write(text, at);
}

/** `bytes[start, end)` in base64, with padding. */
export function base64Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as NativeBuffer).base64Slice(start, end);
}

/** The octets of base64 or base64url text from `at` on, without characters of neither. @returns number of octets. */
export function writeBase64(bytes: Buffer, text: string, at: number): number {
  return (bytes as NativeBuffer).base64Write(text, at);
}
