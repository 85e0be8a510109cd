import { isIP } from 'node:net';

/** Host and port of a URL or of the header `Host` (RFC 3986, 3.2). */
export interface Authority {
  /** Name in lower case without a trailing dot, or canonical address; IPv6 without brackets. */
  readonly name: string;
  /** Undefined if it is not named. */
  readonly port: number | undefined;
}

/** Parses `ct.example.com`, `ct.example.com:8080` or `[::1]:8080`. Returns undefined if the text is something else. */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  if (host === undefined || !URL.canParse(`http://${host}`)) return undefined;
  const { hostname } = new URL(`http://${host}`);
  const name = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return name === '' ? undefined : { name, port: port === undefined ? undefined : Number(port) };
}

/** Whether the name always means this machine (RFC 6761, 6.3). */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** Whether the address is one of the loopback interface. */
export function isLoopbackAddress(address: string): boolean {
  return (
    /^(::ffff:)?127\./i.test(address) ||
    (isIP(address) === 6 && parseAuthority(`[${address}]`)?.name === '::1')
  );
}
