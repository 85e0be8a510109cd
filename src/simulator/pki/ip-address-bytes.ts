import { isIP } from 'node:net';

/** The 4 or 16 bytes of an address in text form; an IPv6 zone is not allowed. */
export function ipAddressBytes(address: string): Buffer {
  const version = isIP(address);
  if (version === 4) return Buffer.from(address.split('.').map(Number));
  if (version !== 6 || address.includes('%')) throw new TypeError(`not an IP address: ${address}`);
  const [head = '', tail] = withoutEmbeddedIpv4(address).split('::');
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...left, ...zeros, ...right].forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  return bytes;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function withoutEmbeddedIpv4(address: string): string {
  const start = address.lastIndexOf(':') + 1;
  if (!address.includes('.')) return address;
  const bytes = Buffer.from(address.slice(start).split('.').map(Number));
  return `${address.slice(0, start)}${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}
