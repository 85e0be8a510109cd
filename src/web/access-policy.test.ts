import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { AccessPolicy, type AccessRules } from './access-policy.js';

const PROXY = '10.0.0.2';

function policy(rules: Partial<AccessRules> = {}) {
  return new AccessPolicy({ whitelist: [], real_ip: false, trusted_proxies: [], ...rules });
}

function request(remoteAddress: string | undefined, headers: IncomingHttpHeaders = {}) {
  return { headers, socket: { remoteAddress } };
}

describe('AccessPolicy without forwarding headers', () => {
  it('allows every client without a whitelist, even a socket without an address', () => {
    expect(policy().allows(request('203.0.113.9'))).toBe(true);
    expect(policy().allows(request(undefined))).toBe(true);
  });

  it('refuses a client that is not listed, and a client without an address', () => {
    const restricted = policy({ whitelist: ['127.0.0.1/8', '2001:db8::/32'] });
    expect(restricted.allows(request('127.0.0.1'))).toBe(true);
    expect(restricted.allows(request('2001:db8::7'))).toBe(true);
    expect(restricted.allows(request('203.0.113.9'))).toBe(false);
    expect(restricted.allows(request(undefined))).toBe(false);
  });

  it('matches an IPv4-mapped address against IPv4 rules', () => {
    const restricted = policy({ whitelist: ['192.0.2.0/24'] });
    expect(restricted.allows(request('::ffff:192.0.2.5'))).toBe(true);
    expect(restricted.allows(request('::ffff:203.0.113.5'))).toBe(false);
    expect(restricted.clientAddress(request('::ffff:192.0.2.5'))).toBe('192.0.2.5');
  });
});

describe('AccessPolicy and forged headers', () => {
  const forged = { 'true-client-ip': '127.0.0.1', 'x-real-ip': '127.0.0.1', 'x-forwarded-for': '127.0.0.1' };

  it.each([
    ['real_ip is off', { real_ip: false, trusted_proxies: [PROXY] }, PROXY],
    ['no proxy is trusted', { real_ip: true, trusted_proxies: [] }, PROXY],
    ['the sender is not trusted', { real_ip: true, trusted_proxies: [PROXY] }, '203.0.113.9'],
  ])('ignores them when %s', (_when, rules, peer) => {
    const restricted = policy({ whitelist: ['127.0.0.1'], ...rules });
    expect(restricted.clientAddress(request(peer, forged))).toBe(peer);
    expect(restricted.allows(request(peer, forged))).toBe(false);
  });

  it('refuses a client whose proxy forwards a forged True-Client-IP', () => {
    const restricted = policy({ whitelist: ['127.0.0.1'], real_ip: true, trusted_proxies: [PROXY] });
    const headers = { 'true-client-ip': '127.0.0.1', 'x-forwarded-for': '203.0.113.9' };
    expect(restricted.allows(request(PROXY, headers))).toBe(false);
  });

  it('uses only the part of X-Forwarded-For that trusted proxies appended', () => {
    const restricted = policy({ whitelist: ['127.0.0.1'], real_ip: true, trusted_proxies: ['10.0.0.0/8'] });
    const headers = { 'x-forwarded-for': '127.0.0.1, 203.0.113.9, 10.0.0.7' };
    expect(restricted.clientAddress(request(PROXY, headers))).toBe('203.0.113.9');
    expect(restricted.allows(request(PROXY, headers))).toBe(false);
  });

  it('does not fall back to the address of a whitelisted proxy if the header is invalid', () => {
    const restricted = policy({ whitelist: [PROXY], real_ip: true, trusted_proxies: [PROXY] });
    expect(restricted.allows(request(PROXY))).toBe(true);
    for (const value of ['unknown', '', ',', '203.0.113.9, unknown', '203.0.113.9,', '999.1.1.1', '[::1']) {
      expect(restricted.allows(request(PROXY, { 'x-forwarded-for': value })), value).toBe(false);
      expect(restricted.clientAddress(request(PROXY, { 'x-forwarded-for': value })), value).toBe(PROXY);
    }
    expect(restricted.allows(request(PROXY, { 'x-real-ip': `${PROXY}, ${PROXY}` }))).toBe(false);
  });
});

describe('AccessPolicy behind a trusted proxy', () => {
  const behind = policy({ real_ip: true, trusted_proxies: ['10.0.0.0/8', '::1'] });

  it('returns every address that a client may have', () => {
    const all = { 'true-client-ip': '192.0.2.1', 'x-real-ip': 'nobody', 'x-forwarded-for': '192.0.2.3' };
    expect(behind.possibleAddresses(request(PROXY, all))).toEqual(['192.0.2.1', '192.0.2.3']);
    expect(behind.possibleAddresses(request(PROXY, { 'x-real-ip': 'nobody' }))).toEqual([PROXY]);
    expect(behind.possibleAddresses(request('203.0.113.9', all))).toEqual(['203.0.113.9']);
    expect(behind.possibleAddresses(request(undefined))).toEqual(['']);
  });

  it('prefers True-Client-IP, then X-Real-IP, then X-Forwarded-For', () => {
    const all = { 'true-client-ip': '192.0.2.1', 'x-real-ip': '192.0.2.2', 'x-forwarded-for': '192.0.2.3' };
    const { 'true-client-ip': _one, ...two } = all;
    const { 'x-real-ip': _two, ...three } = two;
    expect(behind.clientAddress(request(PROXY, all))).toBe('192.0.2.1');
    expect(behind.clientAddress(request(PROXY, two))).toBe('192.0.2.2');
    expect(behind.clientAddress(request(PROXY, three))).toBe('192.0.2.3');
    expect(behind.clientAddress(request(PROXY))).toBe(PROXY);
  });

  it.each([
    ['192.0.2.1:1234', '192.0.2.1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, 10.1.1.1 ,10.2.2.2', '192.0.2.1'],
    ['10.1.1.1, 10.2.2.2', '10.1.1.1'],
  ])('reads X-Forwarded-For: %s', (value, expected) => {
    expect(behind.clientAddress(request('::ffff:10.0.0.2', { 'x-forwarded-for': value }))).toBe(expected);
    expect(behind.clientAddress(request('::1', { 'x-forwarded-for': value }))).toBe(expected);
  });
});
