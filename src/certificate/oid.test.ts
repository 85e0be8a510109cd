import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.js';
import { encodeOid, OidTable, writeOid } from './oid.js';

function dotted(bytes: Buffer): string | undefined {
  const out = new ByteWriter();
  return writeOid(out, bytes, 0, bytes.length) ? out.copyOut().toString() : undefined;
}

describe(writeOid.name, () => {
  it.each([
    '0.9.2342.19200300.100.1.25',
    '1.3.6.1.4.1.11129.2.4.2',
    '2.5.29.17',
    '2.999.3',
    '1.39.127.128.16383.16384',
  ])('prints %s', (text) => expect(dotted(encodeOid(text))).toBe(text));

  it('prints arcs exactly up to the size limit', () => {
    // X.667 example: 2.25.329800735698586629295641978511506172918
    expect(dotted(Buffer.from('6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776', 'hex'))).toBe(
      '2.25.329800735698586629295641978511506172918',
    );
    expect(dotted(Buffer.from('2a87ffffffffffffff7f', 'hex'))).toBe(`1.2.${2n ** 59n - 1n}`);
  });

  it('refuses malformed and overlong OIDs', () => {
    expect(dotted(Buffer.alloc(0))).toBeUndefined();
    expect(dotted(Buffer.from('2a86', 'hex'))).toBeUndefined();
    expect(dotted(Buffer.concat([Buffer.alloc(100_000, 0x81), Buffer.from([1])]))).toBeUndefined();
  });
});

describe(OidTable.name, () => {
  const table = new OidTable([
    ['2.5.4.3', 1],
    ['2.5.4.10', 2],
    ['1.2.840.113549.1.1.11', 3],
  ]);
  it('finds exactly the known OIDs', () => {
    for (const [text, value] of [
      ['2.5.4.3', 1],
      ['2.5.4.10', 2],
      ['1.2.840.113549.1.1.11', 3],
      ['2.5.4.4', -1],
      ['2.5.29.3', -1],
      ['2.5.4.3.3', -1],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from([9]), encodeOid(text), Buffer.from([9])]);
      expect(table.find(bytes, 1, bytes.length - 1), text).toBe(value);
    }
    expect(table.find(Buffer.alloc(0), 0, 0)).toBe(-1);
  });
});
