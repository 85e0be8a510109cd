import { BlockList, isIP, SocketAddress } from 'node:net';
import { CertstreamError } from '../kernel/certstream-error.js';

const MAPPED_PREFIX = '::ffff:';
/** Bits of `::ffff:0:0/96`, the IPv4-mapped block (RFC 4291, 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * Returns the canonical text of an address: IPv6 is compressed (RFC 5952) and has no zone, IPv4-mapped IPv6 becomes IPv4.
 * Returns undefined for a text that is not an IP address.
 */
export function canonicalAddress(text: string): string | undefined {
  const zone = text.indexOf('%');
  const address = zone === -1 ? text : text.slice(0, zone);
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const compressed = new SocketAddress({ address, family: 'ipv6' }).address;
  const embedded = compressed.startsWith(MAPPED_PREFIX) ? compressed.slice(MAPPED_PREFIX.length) : '';
  return isIP(embedded) === 4 ? embedded : compressed;
}

/** A set of addresses and CIDR blocks. The host bits of a block, as in `127.0.0.1/8`, are ignored. */
export class AddressSet {
  readonly isEmpty: boolean;
  // One list per family: a BlockList also matches IPv4 addresses against IPv6 blocks, so `::/0` would contain all of IPv4.
  private readonly rules = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** @throws CertstreamError `CONFIG_INVALID_ADDRESS` for an entry that is neither an address nor a CIDR block. */
  constructor(entries: readonly string[]) {
    this.isEmpty = entries.length === 0;
    for (const entry of entries) this.add(entry);
  }

  /** @param address as {@link canonicalAddress} returns it. */
  has(address: string): boolean {
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    return this.rules[family].check(address, family);
  }

  private add(entry: string): void {
    const [text = '', bits, ...rest] = entry.trim().split('/');
    const written = isIP(text);
    const address = canonicalAddress(text);
    const width = written === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : parsePrefix(bits, width);
    if (address === undefined || prefix === undefined || rest.length > 0) {
      throw new CertstreamError('CONFIG_INVALID_ADDRESS', `"${entry}" is not an IP address or CIDR block`);
    }
    if (isIP(address) === 4 && written === 6) {
      if (prefix < MAPPED_BITS) this.addBlock('ipv6', text, prefix);
      else this.addBlock('ipv4', address, prefix - MAPPED_BITS);
      return;
    }
    this.addBlock(written === 4 ? 'ipv4' : 'ipv6', address, prefix);
  }

  private addBlock(family: 'ipv4' | 'ipv6', address: string, prefix: number): void {
    this.rules[family].addSubnet(address, prefix, family);
  }
}

function parsePrefix(text: string, width: number): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const prefix = Number(text);
  return prefix <= width ? prefix : undefined;
}
