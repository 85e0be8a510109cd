import type { IncomingMessage } from 'node:http';
import { parseAuthority } from './authority.js';

/** Decides which web pages may open WebSockets. Browsers do not apply the same-origin policy to them (RFC 6455, 10.2). */
export class OriginPolicy {
  private readonly exact: ReadonlySet<string>;
  /** The scheme of an allowed origin, and the suffix of the rest. */
  private readonly wildcards: readonly { readonly scheme: string; readonly suffix: string }[];

  /** @param origins as in the configuration: lower case, `*.` matches any subdomains; empty = every origin is allowed. */
  constructor(private readonly origins: readonly string[]) {
    this.exact = new Set(origins.filter((origin) => !origin.includes('//*.')));
    this.wildcards = origins
      .filter((origin) => origin.includes('//*.'))
      .map((origin) => {
        const [scheme, suffix] = origin.split('//*');
        return { scheme: `${scheme}//`, suffix };
      });
  }

  /** Returns whether the origin is allowed. Clients without `Origin` are allowed: they are not browsers and could send any value. */
  allows({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
    if (this.origins.length === 0 || headers.origin === undefined) return true;
    const origin = headers.origin.toLowerCase();
    return this.exact.has(origin) || this.wildcards.some((wildcard) => isBelow(origin, wildcard));
  }
}

function isBelow(origin: string, { scheme, suffix }: { scheme: string; suffix: string }): boolean {
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(origin.slice(scheme.length, -suffix.length));
}

/** Default ports. A proxy may end TLS, so a host without a port may mean either. */
const DEFAULT_PORTS: readonly number[] = [80, 443];

/**
 * Whether the origin is that of this server: a page of the server itself, or a client that is not a browser and derives `Origin` from
 * its URL. The scheme is not compared, because a proxy may end TLS.
 * @param hosts the authorities that the client asked for, as in the header `Host`.
 */
export function isOwnOrigin(origin: string | undefined, hosts: readonly string[]): boolean {
  const [, scheme, rest] = /^(https?|wss?):\/\/([^/?#@\s]+)\/?$/i.exec(origin ?? '') ?? [];
  const own = rest === undefined ? undefined : parseAuthority(rest);
  if (own === undefined) return false;
  const port = own.port ?? (/s$/i.test(scheme) ? 443 : 80);
  return hosts.some((text) => {
    const host = parseAuthority(text);
    if (host?.name !== own.name) return false;
    return host.port === undefined ? DEFAULT_PORTS.includes(port) : host.port === port;
  });
}
