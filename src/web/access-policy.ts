import type { IncomingHttpHeaders } from 'node:http';
import { isUnixPeer, unixPeerName } from './unix-peers.js';
import { AddressSet, canonicalAddress } from './address-set.js';

/** The part of a listener's configuration that decides which clients may connect. */
export interface AccessRules {
  /** Addresses and CIDR blocks; empty = every client may connect. */
  readonly whitelist: readonly string[];
  /** Whether to read the client's address from forwarding headers that a trusted proxy sent. */
  readonly real_ip: boolean;
  /** Addresses and CIDR blocks; empty = no proxy is trusted. */
  readonly trusted_proxies: readonly string[];
}

/** The parts of a request that an {@link AccessPolicy} reads. Every `IncomingMessage` has them. */
export interface AccessRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Headers that carry exactly one address, in the Go server's order of preference. */
const SINGLE_ADDRESS_HEADERS = ['true-client-ip', 'x-real-ip'] as const;

/** Determines the address of a client, and whether the client may connect to one listener. */
export class AccessPolicy {
  private whitelist: AddressSet;
  private readonly trustedProxies: AddressSet;
  private readonly readsHeaders: boolean;

  constructor(rules: AccessRules) {
    this.whitelist = new AddressSet(rules.whitelist);
    this.trustedProxies = new AddressSet(rules.trusted_proxies);
    this.readsHeaders = rules.real_ip;
  }

  /** Uses another whitelist for later requests. @param whitelist addresses and CIDR blocks */
  reload(whitelist: readonly string[]): void {
    this.whitelist = new AddressSet(whitelist);
  }

  /** Returns the canonical address of the client. Returns '' if the socket has no address: a UNIX socket, or a closed one. */
  clientAddress(request: AccessRequest): string {
    const claimed = this.claims(request).find((claim) => claim !== undefined);
    return claimed ?? peerAddress(request);
  }

  /**
   * Returns every address that the client may have. If several headers contain an address, the client may have forged one
   * that the proxy forwarded, and the server cannot know which. Returns [''] if there is no address.
   */
  possibleAddresses(request: AccessRequest): string[] {
    const claimed = this.claims(request).filter((claim) => claim !== undefined);
    return claimed.length === 0 ? [peerAddress(request)] : claimed;
  }

  /** Returns `ip:port`, `[ip]:port`, `unix:17` or `ip/unix:17`. The name is unique among open connections. */
  clientName(
    request: AccessRequest & { readonly socket: { readonly remotePort?: number | undefined } },
  ): string {
    const address = this.clientAddress(request);
    if (isUnixPeer(request.socket)) {
      const name = unixPeerName(request.socket);
      return address === '' ? name : `${address}/${name}`;
    }
    return `${address.includes(':') ? `[${address}]` : address}:${request.socket.remotePort ?? 0}`;
  }

  /**
   * Returns whether the client may connect. A trusted proxy may forward a header that its client forged. So the address
   * of each header must be on the whitelist, and a header without a valid address is refused.
   */
  allows(request: AccessRequest): boolean {
    if (this.whitelist.isEmpty) return true;
    const claims = this.claims(request);
    // The permissions of its file decide which processes may connect to a UNIX socket.
    if (claims.length === 0) return isUnixPeer(request.socket) || this.whitelist.has(peerAddress(request));
    return claims.every((claim) => claim !== undefined && this.whitelist.has(claim));
  }

  /**
   * Returns the authorities that the client asked for: those that a trusted proxy forwarded in `Forwarded` (RFC 7239, 5.3) or
   * `X-Forwarded-Host`, else `Host`. They are texts as in the headers.
   */
  requestedHosts({ headers, socket }: AccessRequest): string[] {
    if (!this.readsHeadersOf(socket)) return [headers.host ?? ''];
    const port = /^\s*(\d{1,5})\s*$/.exec(String(headers['x-forwarded-port'] ?? ''))?.[1];
    const forwarded = [...forwardedHosts(headers), ...String(headers['x-forwarded-host'] ?? '').split(',')]
      .map((host) => host.trim())
      .filter((host) => host !== '');
    const hosts = forwarded.length > 0 ? forwarded : [headers.host ?? ''];
    return port === undefined ? hosts : [...hosts, ...hosts.map((host) => `${host}:${port}`)];
  }

  /** Returns whether forwarding headers count. Clients of the UNIX socket are trusted like a proxy. */
  private readsHeadersOf(socket: AccessRequest['socket']): boolean {
    if (!this.readsHeaders) return false;
    return isUnixPeer(socket) || this.trustedProxies.has(peerAddress({ headers: {}, socket }));
  }

  /** Returns one element per forwarding header of a trusted proxy: its address, or undefined if it has no valid address. */
  private claims({ headers, socket }: AccessRequest): (string | undefined)[] {
    if (!this.readsHeadersOf(socket)) return [];
    const claims: (string | undefined)[] = [];
    for (const name of SINGLE_ADDRESS_HEADERS) {
      const value = headers[name];
      if (value !== undefined) claims.push(forwardedAddress(String(value)));
    }
    const chain = headers['x-forwarded-for'];
    if (chain !== undefined) claims.push(this.nearestUntrusted(String(chain).split(',')));
    return claims;
  }

  /** Each proxy appends to X-Forwarded-For on the right. So the rightmost address that is not a trusted proxy is the client's. */
  private nearestUntrusted(chain: readonly string[]): string | undefined {
    let address: string | undefined;
    for (const hop of chain.toReversed()) {
      address = forwardedAddress(hop);
      if (address === undefined || !this.trustedProxies.has(address)) return address;
    }
    return address;
  }
}

function peerAddress({ socket }: AccessRequest): string {
  return canonicalAddress(socket.remoteAddress ?? '') ?? '';
}

/** Parses `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, quoted or not. */
function forwardedAddress(text: string): string | undefined {
  const value = text.trim().replace(/^"(.*)"$/, '$1');
  const match = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(value) ?? /^([\d.]+):\d{1,5}$/.exec(value);
  return canonicalAddress(match?.[1] ?? value);
}

/** Returns the values of `host` in the header Forwarded (RFC 7239, 4). */
function forwardedHosts({ forwarded = '' }: IncomingHttpHeaders): string[] {
  const hosts = forwarded.matchAll(/(?:^|[;,])[ \t]*host=(?:"([^"\\]*)"|([^;,\s"]*))/gi);
  return [...hosts].map(([, quoted, plain]) => quoted ?? plain);
}
