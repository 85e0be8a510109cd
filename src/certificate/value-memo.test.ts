import { describe, expect, it } from 'vitest';
import { sourceOf } from './byte-source.js';
import { ByteWriter } from './byte-writer.js';
import { ValueMemo } from './value-memo.js';

/** Writes a value and offers `text` if the value is unknown. @returns the written text. */
function write(memo: ValueMemo, kind: number, value: Buffer, text: string): { known: boolean; text: string } {
  const out = new ByteWriter(64);
  const known = memo.write(out, kind, sourceOf(value), 0, value.length);
  if (!known) {
    out.latin1(text);
    memo.offer(out, 0, kind, sourceOf(value), 0, value.length);
  }
  return { known, text: out.buffer.toString('latin1', 0, out.length) };
}

describe(ValueMemo.name, () => {
  it('keeps the text of a value that is seen twice', () => {
    const memo = new ValueMemo();
    const value = Buffer.from('value');
    expect(write(memo, 1, value, 'one')).toEqual({ known: false, text: 'one' });
    expect(write(memo, 1, value, 'one')).toEqual({ known: false, text: 'one' });
    expect(write(memo, 1, value, 'other')).toEqual({ known: true, text: 'one' });
  });

  it('keeps no reference to the value', () => {
    const memo = new ValueMemo();
    const value = Buffer.from('value');
    write(memo, 1, value, 'one');
    write(memo, 1, value, 'one');
    value.fill(0);
    expect(write(memo, 1, Buffer.from('value'), 'other')).toEqual({ known: true, text: 'one' });
  });

  it('never confuses two values or the same value of two kinds', () => {
    const memo = new ValueMemo();
    const wrong: string[] = [];
    const check = (kind: number, value: Buffer, text: string): void => {
      const written = write(memo, kind, value, text).text;
      if (written !== text) wrong.push(`${written} for ${text}`);
    };
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 5000; i++) {
        const value = Buffer.from(`http://ocsp${i}.example/`.repeat(1 + (i % 3)));
        check(i % 2, value, `${i}`);
        check(2, value, `other ${i}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('starts again when its memory is used up', () => {
    const memo = new ValueMemo();
    const text = 'x'.repeat(700);
    for (let i = 0; i < 3000; i++) {
      const value = Buffer.from(`value ${i}`);
      write(memo, 1, value, `${i} ${text}`);
      write(memo, 1, value, `${i} ${text}`);
      expect(write(memo, 1, value, 'other').text).toBe(`${i} ${text}`);
    }
    expect(write(memo, 1, Buffer.from('value 0'), 'anew').text).toBe('anew');
  });

  it('does not keep long values and texts, but keeps empty ones', () => {
    const memo = new ValueMemo();
    for (let round = 0; round < 3; round++) {
      expect(write(memo, 1, Buffer.alloc(257), 'text').known).toBe(false);
      expect(write(memo, 1, Buffer.from('long text'), 'x'.repeat(769)).known).toBe(false);
      expect(write(memo, 1, Buffer.alloc(0), 'empty').text).toBe('empty');
    }
  });
});
