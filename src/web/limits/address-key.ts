import { isIP } from 'node:net';

/** Hextets of a /64. Every customer gets at least a /64 and can use all of its addresses (RFC 6177). */
const KEPT_HEXTETS = 4;

/**
 * Returns the part of an address that one client cannot easily change: all of IPv4, the first 64 bits of IPv6. Returns undefined
 * for clients without an address, such as those of a UNIX socket. Limits per address do not apply to them.
 * @param address as `canonicalAddress` returns it.
 */
export function addressKey(address: string): string | undefined {
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An embedded IPv4 address at the end counts as two hextets.
  const written = before.length + after.length + (address.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - written;
  const hextets = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${hextets.slice(0, KEPT_HEXTETS).join(':')}::/64`;
}
