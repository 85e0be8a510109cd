import { describe, expect, it } from 'vitest';
import { AddressSet, canonicalAddress } from './address-set.js';

describe(canonicalAddress.name, () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
  ])('writes %s as %s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected);
  });

  it.each(['', 'localhost', '192.0.2', '192.0.2.256', '1.2.3.4.5', ':::', '192.0.2.1:80', '%', '0x7f.1'])(
    'refuses "%s"',
    (text) => {
      expect(canonicalAddress(text)).toBeUndefined();
    },
  );
});

describe(AddressSet.name, () => {
  const cases: [rule: string, inside: string[], outside: string[]][] = [
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.8', '2001:db8::1']],
    ['127.0.0.1/8', ['127.0.0.1', '127.255.0.9'], ['128.0.0.1', '::1']],
    ['10.0.0.0/31', ['10.0.0.0', '10.0.0.1'], ['10.0.0.2']],
    ['0.0.0.0/0', ['8.8.8.8'], ['2001:db8::1']],
    ['2001:db8::/32', ['2001:db8::1', '2001:db8:ffff::'], ['2001:db9::1', '32.1.13.184']],
    ['2001:db8::5', ['2001:db8::5'], ['2001:db8::6']],
    ['::/0', ['2001:db8::1', '::1'], ['192.0.2.1']],
    ['::ffff:192.0.2.0/120', ['192.0.2.9'], ['192.0.3.9']],
    ['::ffff:192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
  ];

  it.each(cases)('contains the addresses of %s', (rule, inside, outside) => {
    const set = new AddressSet([rule]);
    for (const address of inside) expect(set.has(address), address).toBe(true);
    for (const address of outside) expect(set.has(address), address).toBe(false);
  });

  it('does not contain a text that is not an address', () => {
    const set = new AddressSet(['0.0.0.0/0', '::/0']);
    expect(set.has('')).toBe(false);
    expect(set.has('localhost')).toBe(false);
  });

  it.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '::/129',
    '10.0.0.0/a',
  ])('throws for the invalid rule "%s"', (rule) => {
    expect(() => new AddressSet(['192.0.2.1', rule])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID_ADDRESS' }),
    );
  });
});
