import { isUtf8 } from 'node:buffer';
import type { ByteSource } from './byte-source.js';
import type { ByteWriter } from './byte-writer.js';
import { Tag } from './der-reader.js';
import { HEX_LOWER } from './hex-digits.js';

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;
/** Length of `\u00XX`, the longest form of one character. */
const LONGEST = 6;
/** Octets that are checked together. */
const WORD = 4;

/** 0 if the byte needs no escape in a JSON string, else the second byte of its escape, or 1 for `\u00XX` and non-ASCII bytes. */
const ESCAPE = new Uint8Array(256).fill(1, 0, 0x20).fill(1, 0x80);
for (const [character, escape] of ['\bb', '\ff', '\nn', '\rr', '\tt', '""', '\\\\']) {
  ESCAPE[character.charCodeAt(0)] = escape.charCodeAt(0);
}

/**
 * Writes bytes of unknown encoding as the inside of a JSON string (docs/wire-format.md). It reads them as UTF-8 if they are
 * valid UTF-8, otherwise as Latin-1. The result is always valid UTF-8.
 */
export function writeText(out: ByteWriter, source: ByteSource, start: number, end: number): void {
  out.reserve(end - start);
  const { bytes, view } = source;
  const { buffer, view: target } = out;
  let at = out.length;
  let i = start;
  for (const last = end - WORD; i <= last; i += WORD) {
    const word = view.getInt32(i, true);
    if (needsEscape(word)) return writeUnusualText(out, bytes, start, end);
    target.setInt32(at, word, true);
    at += WORD;
  }
  for (; i < end; i++) {
    const byte = bytes[i];
    if (ESCAPE[byte] !== 0) return writeUnusualText(out, bytes, start, end);
    buffer[at++] = byte;
  }
  out.length = at;
}

/**
 * Reports whether one of the four octets has an {@link ESCAPE}: it is above 0x7f, below 0x20, a quote or a backslash. For
 * octets up to 0x7f, a subtraction sets the highest bit of an octet only if that octet or a lower octet of the word is smaller
 * than the subtrahend.
 */
function needsEscape(word: number): boolean {
  const controls = word - 0x20202020;
  const quotes = (word ^ 0x22222222) - 0x01010101;
  const backslashes = (word ^ 0x5c5c5c5c) - 0x01010101;
  return ((word | controls | quotes | backslashes) & 0x80808080) !== 0;
}

/** Writes an ASN.1 string as the inside of a JSON string. A BMPString is UTF-16BE, a UniversalString UTF-32BE. */
export function writeString(
  out: ByteWriter,
  tag: number,
  source: ByteSource,
  start: number,
  end: number,
): void {
  if (tag === Tag.BmpString) writeUtf16(out, source.bytes, start, end);
  else if (tag === Tag.UniversalString) writeUtf32(out, source.bytes, start, end);
  else writeText(out, source, start, end);
}

/** Returns a JavaScript string as JSON with the escapes of the wire format, which escapes U+2028 and U+2029. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function writeUnusualText(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  const utf8 = isUtf8(bytes.subarray(start, end));
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte < 0x80 || !utf8) writeCodePoint(out, byte);
    else if (byte === 0xe2 && bytes[i + 1] === 0x80 && (bytes[i + 2] | 1) === 0xa9) {
      writeCodePoint(out, 0x2028 + (bytes[i + 2] & 1));
      i += 2;
    } else out.byte(byte);
  }
}

/** Writes UTF-16BE. Like Go, it drops one trailing NUL. Unpaired surrogates and a half unit at the end become U+FFFD. */
function writeUtf16(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  const even = (end - start) % 2 === 0;
  if (even && end - start >= 2 && bytes[end - 1] === 0 && bytes[end - 2] === 0) end -= 2;
  for (let i = start; i + 1 < end; i += 2) {
    const unit = (bytes[i] << 8) | bytes[i + 1];
    if (unit < 0xd800 || unit > 0xdfff) {
      writeCodePoint(out, unit);
      continue;
    }
    const low = i + 3 < end ? (bytes[i + 2] << 8) | bytes[i + 3] : 0;
    if (unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
      writeCodePoint(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      i += 2;
    } else writeCodePoint(out, REPLACEMENT);
  }
  if (!even) writeCodePoint(out, REPLACEMENT);
}

function writeUtf32(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  let i = start;
  for (; i + 3 < end; i += 4) {
    const value = bytes.readUInt32BE(i);
    const valid = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
    writeCodePoint(out, valid ? value : REPLACEMENT);
  }
  if (i < end) writeCodePoint(out, REPLACEMENT);
}

/** @param value a Unicode scalar value. */
function writeCodePoint(out: ByteWriter, value: number): void {
  out.reserve(LONGEST);
  const buffer = out.buffer;
  let at = out.length;
  if (value < 0x80) {
    const escape = ESCAPE[value];
    if (escape === 0) buffer[at++] = value;
    else if (escape === 1) at = putEscape(out, at, value);
    else {
      buffer[at++] = BACKSLASH;
      buffer[at++] = escape;
    }
  } else if (value < 0x800) {
    buffer[at++] = 0xc0 | (value >> 6);
    buffer[at++] = 0x80 | (value & 0x3f);
  } else if (value === 0x2028 || value === 0x2029) {
    at = putEscape(out, at, value);
  } else if (value < 0x10000) {
    buffer[at++] = 0xe0 | (value >> 12);
    buffer[at++] = 0x80 | ((value >> 6) & 0x3f);
    buffer[at++] = 0x80 | (value & 0x3f);
  } else {
    buffer[at++] = 0xf0 | (value >> 18);
    buffer[at++] = 0x80 | ((value >> 12) & 0x3f);
    buffer[at++] = 0x80 | ((value >> 6) & 0x3f);
    buffer[at++] = 0x80 | (value & 0x3f);
  }
  out.length = at;
}

function putEscape(out: ByteWriter, at: number, unit: number): number {
  const { buffer, view } = out;
  buffer[at] = BACKSLASH;
  buffer[at + 1] = LETTER_U;
  view.setUint16(at + 2, HEX_LOWER.pairs[unit >> 8], true);
  view.setUint16(at + 4, HEX_LOWER.pairs[unit & 0xff], true);
  return at + 6;
}
