import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Inject, Injectable } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { webserverConfig } from '../../config/config-namespace.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { AddressSet, canonicalAddress } from '../address-set.js';
import type { RefusalReason } from '../refusal.js';
import { Refusals } from '../refusals.js';
import { addressKey } from './address-key.js';
import { isFull, Slots } from './slots.js';

const BODY = '{"error":"too many connections; try again later"}';
const ANSWER =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n' +
  `Content-Length: ${BODY.length}\r\nRetry-After: 30\r\nConnection: close\r\n\r\n${BODY}`;

/**
 * Connections that have not become WebSocket clients: half-open ones, slow handshakes, idle ones. They are counted
 * before a byte is read, so by the address of the peer.
 */
@Injectable()
export class PendingConnections {
  private readonly limits: CertstreamConfig['webserver']['limits'];
  private readonly trustedProxies: AddressSet;
  private readonly opened = new Slots();
  private readonly upgraded = new Slots();

  constructor(
    @Inject(webserverConfig.KEY) webserver: ConfigType<typeof webserverConfig>,
    private readonly refusals: Refusals,
  ) {
    this.limits = webserver.limits;
    this.trustedProxies = new AddressSet(webserver.real_ip ? webserver.trusted_proxies : []);
  }

  get count(): number {
    return this.opened.total - this.upgraded.total;
  }

  watch(server: Server): void {
    const isTls = server instanceof TlsServer;
    server.on('connection', (socket: Socket) => this.open(socket, isTls));
  }

  /** @param isTls whether the socket is the one below TLS, where nothing readable can be written. */
  open(socket: Socket, isTls = false): void {
    const address = canonicalAddress(socket.remoteAddress ?? '') ?? '';
    const key = addressKey(address);
    const reason = this.refuses(address, key);
    if (reason !== undefined) {
      this.refusals.count(reason, address);
      if (isTls) socket.destroy();
      else socket.end(ANSWER, () => socket.destroy());
      return;
    }
    socket.once('close', this.opened.take(key ?? ''));
  }

  /** The connection is a WebSocket client from now on. */
  upgrade(socket: Socket): void {
    const key = addressKey(canonicalAddress(socket.remoteAddress ?? '') ?? '');
    socket.once('close', this.upgraded.take(key ?? ''));
  }

  private refuses(address: string, key: string | undefined): RefusalReason | undefined {
    const { max_pending_connections: max, max_pending_connections_per_address: maxPerAddress } = this.limits;
    if (isFull(this.count, max)) return 'pending_connections';
    if (key === undefined || this.trustedProxies.has(address)) return undefined;
    const pending = this.opened.of(key) - this.upgraded.of(key);
    // No address may take what is left from those who hold less, so a few together cannot shut others out.
    const share = max === 0 ? maxPerAddress : Math.min(maxPerAddress, max - this.count);
    return isFull(pending, share) ? 'address_pending_connections' : undefined;
  }
}
