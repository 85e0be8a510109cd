import { isIP } from 'node:net';
import { CertstreamError } from '../kernel/certstream-error.js';

/** An HTTP proxy. If its URL begins with `https:`, connections to it use TLS. */
export interface Proxy {
  /** The URL without user name and password. */
  readonly url: URL;
  /** Value of Proxy-Authorization, from the user information of the URL. */
  readonly authorization: string | undefined;
}

interface Exception {
  readonly host: string;
  /** 0: every port. */
  readonly port: number;
}

/**
 * Settings from HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Variables in lower case take precedence. Without HTTPS_PROXY,
 * HTTP_PROXY is used for `https:` URLs too. NO_PROXY is a list of names and addresses, with or without a port. A name
 * includes its subdomains; the value `*` means every host.
 */
export class ProxySettings {
  private readonly http: Proxy | undefined;
  private readonly https: Proxy | undefined;
  /** Hosts that are reached without a proxy. Undefined: all hosts. */
  private readonly exceptions: readonly Exception[] | undefined;

  /** @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy. */
  constructor(environment: NodeJS.ProcessEnv) {
    this.http = parseProxy(environment['http_proxy'] ?? environment['HTTP_PROXY']);
    this.https = parseProxy(environment['https_proxy'] ?? environment['HTTPS_PROXY']) ?? this.http;
    const list = (environment['no_proxy'] ?? environment['NO_PROXY'] ?? '').trim();
    if (list !== '*')
      this.exceptions = list
        .split(/[,\s]+/)
        .filter(Boolean)
        .map(parseException);
  }

  /** Returns the proxy for a URL, or undefined if its host is reached without a proxy. */
  proxyFor({ protocol, hostname, port }: URL): Proxy | undefined {
    const isSecure = protocol === 'https:';
    const proxy = isSecure ? this.https : this.http;
    if (proxy === undefined || this.exceptions === undefined) return undefined;
    const host = withoutDot(hostname);
    const wanted = Number(port) || (isSecure ? 443 : 80);
    const isExcepted = this.exceptions.some(
      (exception) =>
        (exception.port === 0 || exception.port === wanted) &&
        (host === exception.host || host.endsWith(`.${exception.host}`)),
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
  const [, name = entry, port = '0'] = isIP(entry) === 6 ? [] : (/^(.+):(\d+)$/.exec(entry) ?? []);
  const host = withoutDot(name.toLowerCase().replace(/^\*?\./, ''));
  return { host: isIP(host) === 6 ? `[${host}]` : host, port: Number(port) };
}

/** Removes a trailing dot, which does not change the meaning of a name. */
function withoutDot(host: string): string {
  return host.replace(/\.$/, '');
}
