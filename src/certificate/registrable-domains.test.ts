import { describe, expect, it } from 'vitest';
import { publicSuffixOf, RegistrableDomains } from './registrable-domains.js';

describe('the registrable domain of a name', () => {
  it.each([
    ['example.com', 'example.com'],
    ['www.example.com', 'example.com'],
    ['a.b.c.example.co.uk', 'example.co.uk'],
    ['_dmarc.example.com', 'example.com'],
    ['xn--bcher-kva.example.de', 'example.de'],
    // `*.kobe.jp` is a rule and `!city.kobe.jp` its exception.
    ['a.b.c.kobe.jp', 'b.c.kobe.jp'],
    ['a.city.kobe.jp', 'city.kobe.jp'],
    // A TLD that the list does not name is a suffix.
    ['www.example.internal-tld', 'example.internal-tld'],
  ])('%s: %s', (name, domain) => {
    expect(new RegistrableDomains().domainOf(name)).toBe(domain);
  });

  it('uses the private rules', () => {
    const domains = new RegistrableDomains();
    expect(domains.domainOf('www.someone.github.io')).toBe('someone.github.io');
    expect(domains.domainOf('github.io')).toBeNull();
  });

  it('ignores a wildcard, a trailing dot and the case', () => {
    const domains = new RegistrableDomains();
    expect(domains.domainOf('*.Example.COM')).toBe('example.com');
    expect(domains.domainOf('*.www.example.com.')).toBe('example.com');
    expect(domains.domainOf('*.co.uk')).toBeNull();
  });

  it.each(['com', 'co.uk', 'localhost', '*', '*.', '', '.', '*.com'])('has none: %s', (name) => {
    expect(new RegistrableDomains().domainOf(name)).toBeNull();
  });

  it.each(['192.0.2.1', '[2001:db8::1]', '2001:db8::1'])('has none for the IP address %s', (address) => {
    expect(new RegistrableDomains().domainOf(address)).toBeNull();
  });

  it.each([
    'Example Inc.',
    'Example Inc. www.example.com',
    'joe@example.com',
    'https://example.com/',
    'example.com:443',
    'a..example.com',
    '.example.com',
    'a\0b.example.com',
    '\ud800.example.com',
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(130)}example.com`,
    'a'.repeat(1 << 20),
  ])('has none for a text that is no host name (%#)', (text) => {
    expect(new RegistrableDomains().domainOf(text)).toBeNull();
  });

  it('accepts U-labels in suffix and domain', () => {
    expect(new RegistrableDomains().domainOf('www.例え.公司.cn')).toBe('例え.公司.cn');
    expect(new RegistrableDomains().domainOf('www.xn--r8jz45g.xn--55qx5d.cn')).toBe(
      'xn--r8jz45g.xn--55qx5d.cn',
    );
  });
});

describe('the registrable domains of a list', () => {
  it('are unique and in the order of the names', () => {
    const names = ['b.example.org', 'example.com', '*.example.org', 'com', '192.0.2.1', 'WWW.example.com'];
    expect(new RegistrableDomains().of(names)).toEqual(['example.org', 'example.com']);
    expect(new RegistrableDomains().of([])).toEqual([]);
  });

  it('stay the same when the memo is full', () => {
    const domains = new RegistrableDomains();
    for (let i = 0; i < 20_000; i++) domains.domainOf(`${i}.example.com`);
    const names = ['19999.example.com', '0.example.com', 'example.net'];
    expect(domains.of(names)).toEqual(['example.com', 'example.net']);
    expect(domains.of(names)).toEqual(['example.com', 'example.net']);
  });
});

describe('the public suffix of a name', () => {
  it.each([
    ['paypal.co.uk', 'co.uk'],
    ['co.uk', 'co.uk'],
    ['a.someone.github.io', 'github.io'],
    ['localhost', 'localhost'],
    ['192.0.2.1', ''],
    ['', ''],
  ])('%s: %s', (name, suffix) => {
    expect(publicSuffixOf(name)).toBe(suffix);
  });
});
