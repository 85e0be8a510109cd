import { describe, expect, it } from 'vitest';
import { sourceOf } from './byte-source.js';
import { ByteWriter } from './byte-writer.js';
import { HEX_LOWER, HEX_UPPER } from './hex-digits.js';
import { ascii, TextPiece } from './text-piece.js';

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(1);
  write(out);
  return out.copyOut().toString('latin1');
}

describe(ByteWriter.name, () => {
  it.each([
    0,
    7,
    10,
    99,
    999_999_999,
    1_000_000_000,
    1_111_014_090,
    4_294_967_296,
    2 ** 53 - 1,
    -1,
    -631_152_000,
  ])('prints the integer %d', (value) => expect(written((out) => out.integer(value))).toBe(String(value)));

  it.each([
    0,
    1,
    10,
    100,
    1000,
    1763795400000,
    1763795400100,
    1763795400120,
    1763795400123,
    1763795400003,
    999_999_999_999_999,
    1e15,
    2 ** 64,
    0.5,
    -1,
  ])('prints %d ms as JSON.stringify prints the seconds', (value) =>
    expect(written((out) => out.seconds(value))).toBe(JSON.stringify(value / 1000)),
  );

  it('never prints NaN or Infinity', () => {
    expect(written((out) => out.seconds(NaN))).toBe('0');
    expect(written((out) => out.integer(Infinity))).toBe('0');
  });

  it('puts colons between pairs of digits', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xab, 0x7c]);
    expect(written((out) => out.hexWithColons(HEX_LOWER, bytes, 1, 4))).toBe('00:ab:7c');
    expect(written((out) => out.hexWithColons(HEX_UPPER, bytes, 0, 1))).toBe('FF');
    expect(written((out) => out.hexWithColons(HEX_UPPER, bytes, 2, 2))).toBe('');
  });

  it.each([0, 1, 2, 3, 4, 5, 63, 64, 95, 96, 97, 98, 160, 163, 164, 5000])(
    'writes %d bytes with every method, even while it grows',
    (size) => {
      const text = 'abcdefghijk'.repeat(Math.ceil(size / 11)).slice(0, size);
      const bytes = Buffer.from(`--${text}--`).subarray(1);
      expect(written((out) => out.bytes(Buffer.from(text)))).toBe(text);
      expect(written((out) => out.text(ascii(text)))).toBe(text);
      expect(written((out) => out.range(sourceOf(bytes), 1, 1 + size))).toBe(text);
      expect(
        written((out) => {
          out.byte(0x3c);
          out.text(ascii(text));
          out.repeat(1, 1 + size);
          out.byte(0x3e);
        }),
      ).toBe(`<${text}${text}>`);
    },
  );

  it('copies every octet of UTF-8, even if it looks like a NaN', () => {
    const text = Buffer.from('\u{10ffff}\x7f\x7f\u{10ffff}\x7f\xff\x7f'.repeat(3));
    for (let at = 0; at < 8; at++) {
      const bytes = Buffer.concat([Buffer.alloc(at, 0x20), text, Buffer.alloc(8, 0x20)]);
      const out = new ByteWriter(1);
      out.text(new TextPiece(bytes));
      out.range(sourceOf(bytes), 0, bytes.length);
      out.repeat(0, bytes.length);
      expect(out.copyOut()).toEqual(Buffer.concat([bytes, bytes, bytes]));
    }
  });

  it('releases memory after an oversized text', () => {
    const out = new ByteWriter(16);
    out.reserve(10_000);
    out.restart(9000);
    expect(out.buffer.length).toBeGreaterThanOrEqual(10_000);
    out.restart(100);
    expect(out.buffer).toHaveLength(100);
    out.restart(0);
    expect(out.buffer.length).toBeLessThanOrEqual(100);
  });

  it.each([10, 1000])('transfers %d bytes and never writes to them again', (size) => {
    const out = new ByteWriter(16);
    out.restart(900);
    out.latin1('a'.repeat(size));
    const taken = out.take();
    out.latin1('b'.repeat(2 * size));
    expect(taken.toString()).toBe('a'.repeat(size));
    expect(out.copyOut().toString()).toBe('b'.repeat(2 * size));
  });
});
