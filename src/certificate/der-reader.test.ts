import { describe, expect, it } from 'vitest';
import { DerReader, isStringTag, RangeList } from './der-reader.js';

function readerOf(contents: string): DerReader {
  const der = new DerReader();
  der.open(Buffer.from(contents.replaceAll(' ', ''), 'hex'));
  return der;
}

function read(contents: string): { tag: number; start: number; end: number } | undefined {
  const der = readerOf(contents);
  if (!der.read(0, der.bytes.length)) return undefined;
  return { tag: der.tag, start: der.start, end: der.end };
}

describe(DerReader.name, () => {
  it('reads short and long lengths', () => {
    expect(read('04 00')).toEqual({ tag: 4, start: 2, end: 2 });
    expect(read('04 02 aabb cc')).toEqual({ tag: 4, start: 2, end: 4 });
    expect(read(`04 8180 ${'00'.repeat(128)}`)).toEqual({ tag: 4, start: 3, end: 131 });
    expect(read(`04 820100 ${'00'.repeat(256)}`)).toEqual({ tag: 4, start: 4, end: 260 });
  });

  it('reads lengths that are longer than necessary', () => {
    expect(read('04 84 00000001 aa')).toEqual({ tag: 4, start: 6, end: 7 });
  });

  it('refuses elements that do not fit, indefinite lengths and absurd lengths', () => {
    for (const contents of [
      '',
      '30',
      '30 01',
      '30 81',
      '30 8201',
      '30 80 0000',
      '30 85 0000000000',
      '30 84 ffffffff',
      '30 ff',
    ]) {
      expect(read(contents), contents).toBeUndefined();
    }
  });

  it('stops at the limit of the parent, not at the end of the bytes', () => {
    const der = readerOf('04 02 aabb');
    expect(der.read(0, 3)).toBe(false);
    expect(der.read(0, 4)).toBe(true);
    expect(der.expect(0x30, 0, 4)).toBe(false);
  });

  it('skips high tag numbers', () => {
    expect(read('bf 8101 01 ff')).toEqual({ tag: 0xbf, start: 4, end: 5 });
    expect(read('1f 8181818101 00')).toBeUndefined();
    expect(read('1f 81')).toBeUndefined();
    expect(read('1f 01')).toBeUndefined();
  });

  it('cuts off at the limit in readClipped', () => {
    const der = readerOf('30 10 0201');
    expect(der.readClipped(0, 4)).toBe(true);
    expect(der).toMatchObject({ start: 2, end: 4, clipped: true });
    expect(readerOf('30 80 0000').readClipped(0, 4)).toBe(false);
  });
});

describe(isStringTag.name, () => {
  it('knows the character string types', () => {
    const tags = Array.from({ length: 256 }, (_, tag) => tag).filter(isStringTag);
    expect(tags).toEqual([12, 18, 19, 20, 21, 22, 25, 26, 27, 28, 30]);
  });
});

describe(RangeList.name, () => {
  it('grows and can be cleared', () => {
    const list = new RangeList();
    for (let i = 0; i < 5000; i++) list.add(i, i + 1);
    expect([list.length, list.start(4999), list.end(4999), list.start(0)]).toEqual([5000, 4999, 5000, 0]);
    list.clear();
    expect(list.length).toBe(0);
    list.add(3, 4);
    expect([list.start(0), list.end(0)]).toEqual([3, 4]);
  });
});
