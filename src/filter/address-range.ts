import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 or IPv6 address, or all addresses with the same first bits. */
export interface AddressRange {
  /** 4 or 16 octets. The octets after the prefix are 0. */
  readonly octets: Uint8Array;
  /** Length of the prefix in bits. */
  readonly bits: number;
}

const MAPPED_BITS = 96;

/**
 * Parses an address or a CIDR range (RFC 4632, RFC 4291). Bits after the prefix may be set. An IPv4-mapped IPv6 address is the
 * IPv4 address, as in the texts of certificates.
 * @returns undefined if the text is neither.
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address, prefix, ...rest] = text.split('/');
  const octets = addressOctets(address);
  if (octets === undefined || rest.length > 0) return undefined;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined;
  const bits = prefix === undefined ? 8 * octets.length : Number(prefix);
  if (bits > 8 * octets.length) return undefined;
  if (bits >= MAPPED_BITS && isMapped(octets)) return rangeOf(octets.slice(12), bits - MAPPED_BITS);
  return rangeOf(octets, bits);
}

/** Returns the octets of an iPAddress of a certificate (RFC 5280, 4.2.1.6), which has 4 or 16. */
export function certificateAddress(octets: Uint8Array): Uint8Array {
  return octets.length === 16 && isMapped(octets) ? octets.subarray(12) : octets;
}

/** Returns the range as a text that is the same for equal ranges. */
export function addressRangeText({ octets, bits }: AddressRange): string {
  const address =
    octets.length === 4
      ? octets.join('.')
      : new URL(
          `http://[${Buffer.from(octets)
            .toString('hex')
            .replaceAll(/(....)(?!$)/g, '$1:')}]`,
        ).hostname;
  const plain = address.replace(/^\[|\]$/g, '');
  return bits === 8 * octets.length ? plain : `${plain}/${bits}`;
}

/** Reports whether the address, 4 or 16 octets, lies in the range. */
export function isInRange(address: Uint8Array, { octets, bits }: AddressRange): boolean {
  if (address.length !== octets.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== octets[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole] ^ octets[whole]) >> (8 - rest) === 0;
}

/** Parses an IPv4 or IPv6 address without zone. */
export function addressOctets(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head, tail] = text.split('::').map(groupsOf);
  const octets = new Uint8Array(16);
  octets.set(head, 0);
  if (tail !== undefined) octets.set(tail, 16 - tail.length);
  return octets;
}

/** Returns the octets of one side of `::`. The last group may be an IPv4 address. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function rangeOf(octets: Uint8Array, bits: number): AddressRange {
  const masked = octets.map((octet, i) => octet & (0xff00 >> Math.min(Math.max(bits - 8 * i, 0), 8)) & 0xff);
  return { octets: masked, bits };
}

/** Reports whether an IPv6 address is IPv4-mapped (RFC 4291, 2.5.5.2). */
function isMapped(octets: Uint8Array): boolean {
  return octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 0xff && octets[11] === 0xff;
}
