import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopbackAddress, isLoopbackName, parseAuthority } from './authority.js';
import { isUnixPeer } from './unix-peers.js';

/** The part of a configuration that decides which names a listener has. */
export interface HostRules {
  readonly listen_addr: string;
  /** Names in lower case, `*.` matches any subdomains, `*` any name. */
  readonly allowed_hosts: readonly string[];
  readonly real_ip: boolean;
  readonly trusted_proxies: readonly string[];
}

/**
 * Decides for which names in `Host` (RFC 9110, 7.2) a listener answers. A page of another site whose name resolves to the address of
 * this server has the same origin as the server for a browser (DNS rebinding), so CORS and origins do not stop it. Addresses
 * cannot be rebound, and names of the loopback interface belong to this machine; both are always allowed.
 */
export class HostPolicy {
  private readonly isOpen: boolean;
  private readonly names: ReadonlySet<string>;
  private readonly suffixes: readonly string[];
  /** Whether the names are configured. The default does not apply to peers of the UNIX socket, which are no browsers. */
  private readonly isConfigured: boolean;

  constructor({ listen_addr: address, allowed_hosts: hosts, ...rules }: HostRules) {
    const hasProxy = rules.real_ip && rules.trusted_proxies.length > 0;
    this.isConfigured = hosts.length > 0;
    this.isOpen = this.isConfigured ? hosts.includes('*') : !isLoopbackAddress(address) || hasProxy;
    this.names = new Set(hosts.filter((host) => !host.startsWith('*.')));
    this.suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1));
  }

  /** Requests without `Host` are allowed: no browser sends them, and Node refuses them in HTTP/1.1. */
  allows({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
    if (this.isOpen || headers.host === undefined || (!this.isConfigured && isUnixPeer(socket))) return true;
    const name = parseAuthority(headers.host)?.name;
    if (name === undefined) return false;
    return isIP(name) !== 0 || isLoopbackName(name) || this.names.has(name) || this.isBelow(name);
  }

  private isBelow(name: string): boolean {
    return this.suffixes.some((suffix) => name.endsWith(suffix) && name.length > suffix.length);
  }
}
