import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { webserverConfig } from '../../config/config-namespace.js';
import { Admission } from '../../web/admission.js';
import { Allowance, LEAST_PER_READ } from '../../web/limits/allowance.js';
import { PendingConnections } from '../../web/limits/pending-connections.js';
import type { Refusal } from '../../web/refusal.js';
import { Refusals } from '../../web/refusals.js';

/** Applies the limits of stream clients to the requests for Server-Sent Events. */
@Injectable()
export class SseAdmission {
  private readonly limits: ConfigType<typeof webserverConfig>['limits'];

  constructor(
    @Inject(webserverConfig.KEY) { limits }: ConfigType<typeof webserverConfig>,
    private readonly admission: Admission,
    private readonly pending: PendingConnections,
    private readonly refusals: Refusals,
  ) {
    this.limits = limits;
  }

  /**
   * Takes a slot for the connection until its socket closes, and bounds what the client sends from now on.
   * @returns whether there was one; otherwise the request is answered.
   */
  admits(request: IncomingMessage, response: ServerResponse, socket: Socket): boolean {
    const refusal =
      this.admission.refusesRate(request) ?? this.admission.refusesConnection(request, socket, 'sse');
    if (refusal !== undefined) return this.refuse(request, response, refusal);
    this.pending.upgrade(socket);
    this.discardInput(socket, this.admission.addressOf(request));
    return true;
  }

  private refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): false {
    this.refusals.answer(response, refusal, this.admission.addressOf(request));
    return false;
  }

  /** A client has nothing to send after its request. What it sends is not parsed, and a client that sends much is cut off. */
  private discardInput(socket: Socket, address: string): void {
    const { bytes_per_second_per_client: perSecond, max_message_bytes: extra } = this.limits;
    const allowance = new Allowance(perSecond, extra, performance.now());
    for (const parse of socket.listeners('data')) socket.off('data', parse as () => void);
    socket.on('data', ({ length }: Buffer) => {
      if (allowance.take(Math.max(length, LEAST_PER_READ), performance.now())) return;
      this.refusals.count('client_bytes', address);
      socket.destroy();
    });
    // The client cannot say more, and one that has gone looks the same.
    socket.once('end', () => socket.destroy());
  }
}
