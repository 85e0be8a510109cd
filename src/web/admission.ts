import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { authConfig, clusterConfig, webserverConfig } from '../config/config-namespace.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from './access-policy.js';
import { type AccessToken, AccessTokens, type ProtectedStream } from './auth/access-tokens.js';
import { addressKey } from './limits/address-key.js';
import { RateLimiter } from './limits/rate-limiter.js';
import { isFull, Slots } from './limits/slots.js';
import { HostPolicy } from './host-policy.js';
import { isOwnOrigin, OriginPolicy } from './origin-policy.js';
import { forbidden, HOST_UNKNOWN, overLimit, type Refusal } from './refusal.js';

/** Key of the rate that all clients share. */
const ALL_CLIENTS = 'all';
/** How a client receives a stream. */
export type Transport = 'websocket' | 'sse';

const TOKEN_IN_USE = 'too many connections with this access token';
const NO_STREAMS =
  'this member of the cluster follows logs and serves no streams (cluster.role: ingest); connect to a gateway';
const TRY_LATER = 'too many connections; try again later';

/** Decides which requests and connections the web listener accepts. The cheapest checks come first. */
@Injectable()
export class Admission {
  readonly tokens: AccessTokens;
  private limits: ConfigType<typeof webserverConfig>['limits'];
  /** False at a member of a cluster that only follows logs. */
  private readonly hasStreams: boolean;
  private origins: OriginPolicy;
  private hosts: HostPolicy;
  private requestRate: RateLimiter;
  private handshakeRate: RateLimiter;
  private addressHandshakeRate: RateLimiter;
  /** The connections that hold a slot, with the token that they presented. */
  private readonly holders = new Map<Duplex, AccessToken | undefined>();
  private readonly open = new Slots();
  private readonly byAddress = new Slots();
  private readonly byToken = new Slots();

  constructor(
    @Inject(webserverConfig.KEY) webserver: ConfigType<typeof webserverConfig>,
    @Inject(authConfig.KEY) auth: ConfigType<typeof authConfig>,
    private readonly policy: AccessPolicy,
    @Inject(clusterConfig.KEY) { role }: ConfigType<typeof clusterConfig>,
  ) {
    this.hasStreams = role !== 'ingest';
    this.limits = webserver.limits;
    this.tokens = new AccessTokens(auth.tokens);
    this.origins = new OriginPolicy(webserver.allowed_origins);
    this.hosts = new HostPolicy(webserver);
    this.requestRate = new RateLimiter(webserver.limits.requests_per_second_per_address);
    this.handshakeRate = new RateLimiter(webserver.limits.handshakes_per_second);
    this.addressHandshakeRate = new RateLimiter(webserver.limits.handshakes_per_second_per_address);
  }

  /**
   * Uses another whitelist and other tokens, origins, hosts, rates and numbers of connections from now on. Closes the connections whose
   * token is gone or has other permissions, and those without a token if one is now needed. Other connections stay.
   * @returns the number of connections that were closed.
   */
  reload({ webserver, auth }: Pick<CertstreamConfig, 'webserver' | 'auth'>): number {
    // These three throw if a value is not valid, and nothing is changed then.
    const origins = new OriginPolicy(webserver.allowed_origins);
    this.tokens.reload(auth.tokens);
    this.policy.reload(webserver.whitelist);
    this.origins = origins;
    this.hosts = new HostPolicy(webserver);
    this.limits = webserver.limits;
    this.requestRate = new RateLimiter(webserver.limits.requests_per_second_per_address);
    this.handshakeRate = new RateLimiter(webserver.limits.handshakes_per_second);
    this.addressHandshakeRate = new RateLimiter(webserver.limits.handshakes_per_second_per_address);
    const refused = [...this.holders].filter(([, token]) => !this.tokens.permits(token));
    for (const [socket] of refused) socket.destroy();
    return refused.length;
  }

  /** Number of connections that hold a slot. */
  get connections(): number {
    return this.open.total;
  }

  connectionsBy(transport: Transport): number {
    return this.open.of(transport);
  }

  /**
   * Checks the whitelist, the header `Host` and the rate of the address, for plain HTTP.
   * @param isFree whether the request does not count for the rate, such as a request for a health page.
   */
  refusesRequest(request: IncomingMessage, isFree: boolean): Refusal | undefined {
    const refusal = this.refusesPeer(request);
    if (refusal !== undefined) return refusal;
    const wait = isFree ? 0 : this.waitAt(this.requestRate, request);
    return wait === 0 ? undefined : overLimit('address_request_rate', 429, 'too many requests', wait);
  }

  /** Checks the whitelist, the header `Host`, the rates and the origin of a WebSocket handshake. */
  refusesHandshake(request: IncomingMessage): Refusal | undefined {
    const refusal = this.refusesPeer(request) ?? this.refusesRate(request);
    if (refusal !== undefined) return refusal;
    const isAllowed =
      this.origins.allows(request) ||
      isOwnOrigin(request.headers.origin, this.policy.requestedHosts(request));
    return isAllowed ? undefined : forbidden('origin', 'this origin may not connect');
  }

  /** Checks the rates of new clients of a stream. */
  refusesRate(request: IncomingMessage): Refusal | undefined {
    const addressWait = this.waitAt(this.addressHandshakeRate, request);
    if (addressWait > 0)
      return overLimit('address_handshake_rate', 429, 'too many handshakes; slow down', addressWait);
    const wait = this.handshakeRate.take(ALL_CLIENTS);
    return wait > 0
      ? overLimit('handshake_rate', 503, 'too many handshakes; try again later', wait)
      : undefined;
  }

  /** Checks the access token. @param stream undefined where any valid token is enough. */
  refusesToken(request: IncomingMessage, stream?: ProtectedStream): Refusal | undefined {
    return this.tokens.refuses(request, stream);
  }

  /** Takes a slot for the connection and gives it back when the socket closes. Returns the reason if no slot is free. */
  refusesConnection(
    request: IncomingMessage,
    socket: Duplex,
    transport: Transport = 'websocket',
  ): Refusal | undefined {
    if (!this.hasStreams) return { reason: 'ingest_member', status: 503, message: NO_STREAMS };
    const keys = this.keysOf(request);
    const token = this.tokens.tokenOf(request);
    const { max_connections: max, max_connections_per_address: maxPerAddress } = this.limits;
    if (keys.some((key) => isFull(this.byAddress.of(key), maxPerAddress)))
      return overLimit('address_connections', 429, 'too many connections from this address');
    if (token !== undefined && isFull(this.byToken.of(token.name), token.max_connections))
      return { ...overLimit('token_connections', 429, TOKEN_IN_USE), token: token.name };
    if (isFull(this.open.total, max)) return overLimit('connections', 503, TRY_LATER);
    const slots = [this.open.take(transport), ...keys.map((key) => this.byAddress.take(key))];
    if (token !== undefined) slots.push(this.byToken.take(token.name));
    this.holders.set(socket, token);
    socket.once('close', () => {
      this.holders.delete(socket);
      for (const giveBack of slots) giveBack();
    });
    return undefined;
  }

  private refusesPeer(request: IncomingMessage): Refusal | undefined {
    if (!this.policy.allows(request)) return forbidden('whitelist');
    return this.hosts.allows(request) ? undefined : forbidden('host', HOST_UNKNOWN);
  }

  addressOf(request: IncomingMessage): string {
    return this.policy.clientAddress(request);
  }

  /** Returns the keys of every address that the client may have. Limits apply to each, so a forged header cannot evade them. */
  private keysOf(request: IncomingMessage): string[] {
    const keys = this.policy.possibleAddresses(request).map(addressKey);
    return [...new Set(keys.filter((key) => key !== undefined))];
  }

  /** Takes one unit for each address of the client. Returns the seconds to wait, 0 if there was a unit for each. */
  private waitAt(rate: RateLimiter, request: IncomingMessage): number {
    return Math.max(0, ...this.keysOf(request).map((key) => rate.take(key)));
  }
}
