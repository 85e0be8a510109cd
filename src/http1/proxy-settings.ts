import { BlockList, isIP } from 'node:net';
import { CertstreamError } from '../kernel/certstream-error.js';

/** An HTTP proxy. If its URL begins with `https:`, connections to it use TLS. */
export interface Proxy {
  /** The URL without user name and password. */
  readonly url: URL;
  /** Value of Proxy-Authorization, from the user information of the URL. */
  readonly authorization: string | undefined;
}

interface Exception {
  /** Whether it includes a name or an address, without brackets. */
  readonly includes: (host: string) => boolean;
  /** 0: every port. */
  readonly port: number;
}

/**
 * Settings from HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Variables in lower case take precedence. Without HTTPS_PROXY,
 * HTTP_PROXY is used for `https:` URLs too. NO_PROXY is a list of names, addresses and ranges of addresses (CIDR), with or without
 * a port. A name includes its subdomains; `*` stands for any text, and alone for every host. Names are not looked up for it.
 */
export class ProxySettings {
  private readonly http: Proxy | undefined;
  private readonly https: Proxy | undefined;
  /** Hosts that are reached without a proxy. */
  private readonly exceptions: readonly Exception[];

  /** @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy. */
  constructor(environment: NodeJS.ProcessEnv) {
    this.http = parseProxy(environment['http_proxy'] ?? environment['HTTP_PROXY']);
    this.https = parseProxy(environment['https_proxy'] ?? environment['HTTPS_PROXY']) ?? this.http;
    const list = environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
    this.exceptions = list
      .split(/[,\s]+/)
      .filter(Boolean)
      .map(parseException);
  }

  /** Returns the proxy for a URL, or undefined if its host is reached without a proxy. */
  proxyFor({ protocol, hostname, port }: URL): Proxy | undefined {
    const isSecure = protocol === 'https:';
    const proxy = isSecure ? this.https : this.http;
    if (proxy === undefined) return undefined;
    const host = plainHost(hostname);
    const wanted = Number(port) || (isSecure ? 443 : 80);
    const isExcepted = this.exceptions.some(
      (exception) => (exception.port === 0 || exception.port === wanted) && exception.includes(host),
    );
    return isExcepted ? undefined : proxy;
  }
}

function parseProxy(text: string | undefined): Proxy | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new Error(`${url.protocol} is not a proxy`);
    const [user, password] = [url.username, url.password].map(decodeURIComponent);
    const credentials = Buffer.from(`${user}:${password}`).toString('base64');
    const authorization = url.username === '' && url.password === '' ? undefined : `Basic ${credentials}`;
    return { url: new URL(url.origin), authorization };
  } catch (cause) {
    throw new CertstreamError(
      'CONFIG_PROXY',
      'HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy; write it like http://proxy.example:3128',
      { cause },
    );
  }
}

/** Parses an entry of NO_PROXY. `log.example`, `.log.example` and `*.log.example` mean the same. */
function parseException(entry: string): Exception {
  const [, written = entry, port = '0'] = isIP(entry) === 6 ? [] : (/^(.+):(\d+)$/.exec(entry) ?? []);
  return { includes: matcher(written.toLowerCase()), port: Number(port) };
}

function matcher(written: string): Exception['includes'] {
  const text = written.replaceAll(/[[\]]/g, '');
  const range = addressRange(text);
  if (range !== undefined) return (host) => isIP(host) !== 0 && range.check(host, familyOf(host));
  const name = plainHost(text.replace(/^\*?\./, ''));
  if (!name.includes('*')) return (host) => host === name || host.endsWith(`.${name}`);
  const parts = name.split('*').map((part) => part.replaceAll(/[.+?^${}()|\\]/g, '\\$&'));
  const pattern = new RegExp(`^(?:.*\\.)?${parts.join('.*')}$`);
  return (host) => pattern.test(host);
}

/** Parses an address or a range in CIDR notation. Returns undefined for any other text. */
function addressRange(text: string): BlockList | undefined {
  const [address, prefix, ...rest] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  const isLength = prefix === undefined || (/^\d{1,3}$/.test(prefix) && length <= bits);
  if (isIP(address) === 0 || !isLength || rest.length > 0) return undefined;
  const range = new BlockList();
  range.addSubnet(address, length, familyOf(address));
  return range;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Removes a trailing dot, which does not change the meaning of a name, and the brackets of an IPv6 address. */
function plainHost(host: string): string {
  return host.replace(/^\[|\]$|\.$/g, '');
}
