import { describe, expect, it } from 'vitest';
import { sourceOf } from './byte-source.js';
import { ByteWriter } from './byte-writer.js';
import { jsonString, writeString, writeText } from './json-text.js';

function textOf(bytes: Buffer): string {
  const out = new ByteWriter(1);
  writeText(out, sourceOf(bytes), 0, bytes.length);
  return out.copyOut().toString();
}

function stringOf(tag: number, contents: string): string {
  const out = new ByteWriter(1);
  const bytes = Buffer.from(contents.replaceAll(' ', ''), 'hex');
  writeString(out, tag, sourceOf(bytes), 0, bytes.length);
  return out.copyOut().toString();
}

describe(writeText.name, () => {
  it('escapes like the Go server without HTML escaping', () => {
    expect(textOf(Buffer.from('a"b\\c/<>&\n\r\t\b\f\0\x1f\x7f'))).toBe(
      'a\\"b\\\\c/<>&\\n\\r\\t\\b\\f\\u0000\\u001f\x7f',
    );
    expect(textOf(Buffer.from('a\u2028b\u2029c\u2027\u202a'))).toBe('a\\u2028b\\u2029c\u2027\u202a');
    expect(textOf(Buffer.from('\x80\x9f é 中 😀'))).toBe('\x80\x9f é 中 😀');
  });

  it('agrees with JSON.stringify on every BMP character', () => {
    let all = '';
    for (let unit = 0; unit < 0xd800; unit++) all += String.fromCharCode(unit);
    expect(`"${textOf(Buffer.from(all))}"`).toBe(jsonString(all));
  });

  it('finds characters to escape at every position of a word', () => {
    for (const special of [0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7e, 0x7f, 0x80, 0xff]) {
      for (const around of [0x20, 0x21, 0x61, 0x7f]) {
        for (let at = 0; at < 9; at++) {
          const bytes = Buffer.alloc(9, around);
          bytes[at] = special;
          expect(`"${textOf(bytes)}"`).toBe(jsonString(bytes.toString('latin1')));
        }
      }
    }
  });

  it('reads the whole text as Latin-1 if it is not valid UTF-8', () => {
    expect(textOf(Buffer.from([0x43, 0x61, 0x66, 0xe9, 0x22]))).toBe('Café\\"');
    expect(textOf(Buffer.from([0xc3, 0xa9, 0xff]))).toBe('Ã©ÿ');
    expect(textOf(Buffer.from([0xed, 0xa0, 0x80]))).toBe('í\xa0\x80');
    expect(textOf(Buffer.from([0xc0, 0x80]))).toBe('À\x80');
  });
});

describe(writeString.name, () => {
  it('decodes BMPString as UTF-16BE without one trailing NUL', () => {
    expect(stringOf(0x1e, '0043 00e9 4e2d 0022')).toBe('Cé中\\"');
    expect(stringOf(0x1e, 'd83d de00')).toBe('😀');
    expect(stringOf(0x1e, '0041 0000')).toBe('A');
    expect(stringOf(0x1e, '0041 0000 0000')).toBe('A\\u0000');
    expect(stringOf(0x1e, '')).toBe('');
  });

  it('replaces invalid UTF-16', () => {
    expect(stringOf(0x1e, 'd83d 0041')).toBe('\ufffdA');
    expect(stringOf(0x1e, 'de00 0041 d83d')).toBe('\ufffdA\ufffd');
    expect(stringOf(0x1e, '0041 00')).toBe('A\ufffd');
  });

  it('decodes UniversalString as UTF-32BE', () => {
    expect(stringOf(0x1c, '00000041 0001f600 00002028')).toBe('A😀\\u2028');
    expect(stringOf(0x1c, '0000d800 00110000 0000')).toBe('\ufffd\ufffd\ufffd');
  });
});
