import { expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.js';
import { isIpAddress, writeIpAddress } from './ip-address.js';

it.each([
  ['c0000201', '192.0.2.1'],
  ['00000000', '0.0.0.0'],
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000000000001', '::1'],
  ['20010db8000000000000000000000000', '2001:db8::'],
  ['20010db8000000000000000000000001', '2001:db8::1'],
  ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
  ['20010db8000100000000000100000000', '2001:db8:1::1:0:0'],
  ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
  ['00000001000100010001000100010000', '0:1:1:1:1:1:1:0'],
  ['00000000000100010001000100010001', '::1:1:1:1:1:1'],
  ['000100100a00abcd0000000000000000', '1:10:a00:abcd::'],
  ['00000000000000000000ffffc0000201', '192.0.2.1'],
  ['00000000000000000000000001020304', '::102:304'],
  ['0064ff9b0000000000000000c0000201', '64:ff9b::c000:201'],
])('prints %s as %s', (octets, text) => {
  const out = new ByteWriter();
  const bytes = Buffer.from(`ee${octets}ee`, 'hex');
  writeIpAddress(out, bytes, 1, bytes.length - 1);
  expect(out.copyOut().toString()).toBe(text);
});

it('accepts only the lengths of IPv4 and IPv6 addresses', () => {
  expect(Array.from({ length: 34 }, (_, n) => n).filter((n) => isIpAddress(5, 5 + n))).toEqual([4, 16]);
});
