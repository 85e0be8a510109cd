import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Inject, Injectable } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { webserverConfig } from '../../config/config-namespace.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { AddressSet, canonicalAddress } from '../address-set.js';
import { errorAnswer } from '../json-response.js';
import { refusalCode, type RefusalReason, RETRY_CONNECTIONS } from '../refusal.js';
import { Refusals } from '../refusals.js';
import { addressKey } from './address-key.js';
import { isFull, Slots } from './slots.js';

type PendingReason = Extract<RefusalReason, 'pending_connections' | 'address_pending_connections'>;

const ANSWERS: Readonly<Record<PendingReason, string>> = {
  pending_connections: answerTo('pending_connections'),
  address_pending_connections: answerTo('address_pending_connections'),
};

/**
 * Limits connections that are not WebSocket clients: half-open connections, slow handshakes, idle connections. It counts them
 * before a byte is read, so forwarding headers are unknown and the address of the peer counts.
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

  /**
   * Counts a new connection, or closes it if a limit is reached.
   * @param isTls whether the socket carries TLS; then it is closed without an answer, which the client could not read.
   */
  open(socket: Socket, isTls = false): void {
    const address = canonicalAddress(socket.remoteAddress ?? '') ?? '';
    const key = addressKey(address);
    const reason = this.refuses(address, key);
    if (reason !== undefined) {
      this.refusals.count(reason, address);
      if (isTls) socket.destroy();
      else socket.end(ANSWERS[reason], () => socket.destroy());
      return;
    }
    socket.once('close', this.opened.take(key ?? ''));
  }

  /** Stops counting the connection as pending: it has become a WebSocket client. */
  upgrade(socket: Socket): void {
    const key = addressKey(canonicalAddress(socket.remoteAddress ?? '') ?? '');
    socket.once('close', this.upgraded.take(key ?? ''));
  }

  private refuses(address: string, key: string | undefined): PendingReason | undefined {
    const { max_pending_connections: max, max_pending_connections_per_address: maxPerAddress } = this.limits;
    if (isFull(this.count, max)) return 'pending_connections';
    if (key === undefined || this.trustedProxies.has(address)) return undefined;
    const pending = this.opened.of(key) - this.upgraded.of(key);
    // One address may hold at most as many as are still free, so a few addresses together cannot lock out all others.
    const share = max === 0 ? maxPerAddress : Math.min(maxPerAddress, max - this.count);
    return isFull(pending, share) ? 'address_pending_connections' : undefined;
  }
}

function answerTo(reason: PendingReason): string {
  return errorAnswer(503, 'too many connections; try again later', refusalCode(reason), {
    'Retry-After': RETRY_CONNECTIONS,
  });
}
