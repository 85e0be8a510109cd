import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

/** IPv4 blocks that are not globally reachable (IANA IPv4 Special-Purpose Address Registry), and multicast. */
const RESERVED_V4 = blocks('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]);
/** Global unicast addresses of IPv6 (RFC 4291, 2.4). All other blocks are local, reserved or multicast. */
const GLOBAL_V6 = blocks('ipv6', [['2000::', 3]]);
/** Blocks in it that are not globally reachable, or that contain IPv4 addresses: Teredo is in 2001::/23, 6to4 is 2002::/16. */
const RESERVED_V6 = blocks('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);
/** IPv4-mapped addresses (RFC 4291, 2.5.5.2) and those of NAT64 (RFC 6052, 2.1): the IPv4 address is in the last 32 bits. */
const WITH_V4 = blocks('ipv6', [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
]);

/**
 * Whether an address is reachable over the Internet: not private, shared, link-local, loopback, multicast, reserved or for
 * documentation.
 * @param address an IPv4 or IPv6 address without brackets. Any other text is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !RESERVED_V4.check(address);
  if (isIP(address) === 0 || address.includes('%')) return false;
  if (WITH_V4.check(address, 'ipv6')) return isPublicAddress(lastOctets(address));
  return GLOBAL_V6.check(address, 'ipv6') && !RESERVED_V6.check(address, 'ipv6');
}

function blocks(family: 'ipv4' | 'ipv6', ranges: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of ranges) list.addSubnet(network, bits, family);
  return list;
}

/** Returns the last 32 bits of an IPv6 address as an IPv4 address. */
function lastOctets(address: string): string {
  const { address: canonical } = new SocketAddress({ address, family: 'ipv6' });
  const last = canonical.slice(canonical.lastIndexOf(':') + 1);
  if (isIPv4(last)) return last;
  const groups = canonical.split(':');
  const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group === '' ? '0' : group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
