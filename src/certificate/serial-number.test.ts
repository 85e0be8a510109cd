import { expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.js';
import { writeSerialNumber } from './serial-number.js';

it.each([
  ['00', '00'],
  ['0abc', '0ABC'],
  ['00ff10', 'FF10'],
  ['ff10', '-F0'],
  ['ff', '-1'],
  ['80', '-80'],
  ['ff00', '-100'],
  ['8000', '-8000'],
  ['fedc', '-124'],
  ['000001', '01'],
  ['0000', '00'],
  ['7f' + '00'.repeat(20), '7F' + '00'.repeat(20)],
  ['', ''],
])('prints the INTEGER %s as %s', (contents, text) => {
  const out = new ByteWriter(1);
  const bytes = Buffer.from(contents, 'hex');
  writeSerialNumber(out, bytes, 0, bytes.length);
  expect(out.copyOut().toString()).toBe(text);
  if (text.startsWith('-'))
    expect(BigInt.asIntN(bytes.length * 8, BigInt(`0x${contents}`)).toString(16)).toBe(text.toLowerCase());
});
