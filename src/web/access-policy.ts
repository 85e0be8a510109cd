import type { IncomingHttpHeaders } from 'node:http';
import { isUnixPeer, unixPeerName } from './unix-peers.js';
import { AddressSet, canonicalAddress } from './address-set.js';

/** The part of a listener's configuration that decides who may connect. */
export interface AccessRules {
  /** Addresses and CIDR blocks; empty = everybody. */
  readonly whitelist: readonly string[];
  /** Take the client's address from forwarding headers, if a trusted proxy sent them. */
  readonly real_ip: boolean;
  /** Addresses and CIDR blocks; empty = nobody is trusted. */
  readonly trusted_proxies: readonly string[];
}

/** What an {@link AccessPolicy} looks at; every `IncomingMessage` is one. */
export interface AccessRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Headers that carry exactly one address, in the Go server's order of preference. */
const SINGLE_ADDRESS_HEADERS = ['true-client-ip', 'x-real-ip'] as const;

/** Who a client is and whether it may connect to one listener. */
export class AccessPolicy {
  private readonly whitelist: AddressSet;
  private readonly trustedProxies: AddressSet;
  private readonly readsHeaders: boolean;

  constructor(rules: AccessRules) {
    this.whitelist = new AddressSet(rules.whitelist);
    this.trustedProxies = new AddressSet(rules.trusted_proxies);
    this.readsHeaders = rules.real_ip;
  }

  /** Canonical address of the client, or '' when its socket has none: it is a UNIX socket, or has died. */
  clientAddress(request: AccessRequest): string {
    const claimed = this.claims(request).find((claim) => claim !== undefined);
    return claimed ?? peerAddress(request);
  }

  /**
   * Every address the client may have: of those in the headers, one may be made up by the client and passed on by the
   * proxy, and nobody can tell which. [''] when there is none.
   */
  possibleAddresses(request: AccessRequest): string[] {
    const claimed = this.claims(request).filter((claim) => claim !== undefined);
    return claimed.length === 0 ? [peerAddress(request)] : claimed;
  }

  /** `ip:port`, `[ip]:port`, `unix:17` or `ip/unix:17`: no two connections have the same at a time. */
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
   * A proxy that is trusted may still pass on a header its client made up. So with a whitelist every
   * address the headers claim has to be on it, and a header that cannot be read is refused.
   */
  allows(request: AccessRequest): boolean {
    if (this.whitelist.isEmpty) return true;
    const claims = this.claims(request);
    // Permissions of the file decided who may connect to a UNIX socket.
    if (claims.length === 0) return isUnixPeer(request.socket) || this.whitelist.has(peerAddress(request));
    return claims.every((claim) => claim !== undefined && this.whitelist.has(claim));
  }

  /** Clients of the UNIX socket are trusted like a proxy. */
  private believes(socket: AccessRequest['socket']): boolean {
    if (!this.readsHeaders) return false;
    return isUnixPeer(socket) || this.trustedProxies.has(peerAddress({ headers: {}, socket }));
  }

  /** One element per forwarding header of a trusted proxy; undefined for one without a valid address. */
  private claims({ headers, socket }: AccessRequest): (string | undefined)[] {
    if (!this.believes(socket)) return [];
    const claims: (string | undefined)[] = [];
    for (const name of SINGLE_ADDRESS_HEADERS) {
      const value = headers[name];
      if (value !== undefined) claims.push(forwardedAddress(String(value)));
    }
    const chain = headers['x-forwarded-for'];
    if (chain !== undefined) claims.push(this.nearestUntrusted(String(chain).split(',')));
    return claims;
  }

  /** X-Forwarded-For grows to the right, so only what follows the last untrusted hop can be believed. */
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

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, quoted or not. */
function forwardedAddress(text: string): string | undefined {
  const value = text.trim().replace(/^"(.*)"$/, '$1');
  const match = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(value) ?? /^([\d.]+):\d{1,5}$/.exec(value);
  return canonicalAddress(match?.[1] ?? value);
}
