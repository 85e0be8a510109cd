import { describe, expect, it } from 'vitest';
import { ByteWriter, sourceOf } from './byte-writer.js';
import { ValueMemo } from './value-memo.js';

/** Asks for a value and offers `text` when it is not known. @returns what was written. */
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
  it('keeps the text of a value that was seen twice', () => {
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

  it('never confuses two values, nor the same value of two kinds', () => {
    const memo = new ValueMemo();
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 5000; i++) {
        const value = Buffer.from(`http://ocsp${i}.example/`.repeat(1 + (i % 3)));
        expect(write(memo, i % 2, value, `${i}`).text).toBe(`${i}`);
        expect(write(memo, 2, value, `other ${i}`).text).toBe(`other ${i}`);
      }
    }
  });

  it('leaves long values and texts alone, and takes empty ones', () => {
    const memo = new ValueMemo();
    for (let round = 0; round < 3; round++) {
      expect(write(memo, 1, Buffer.alloc(257), 'text').known).toBe(false);
      expect(write(memo, 1, Buffer.from('long text'), 'x'.repeat(769)).known).toBe(false);
      expect(write(memo, 1, Buffer.alloc(0), 'empty').text).toBe('empty');
    }
  });
});
