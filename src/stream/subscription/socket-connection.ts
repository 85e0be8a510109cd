import type { Socket } from 'node:net';
import type { DrainListener } from './connection.js';

/**
 * The listeners of the sockets that wait for a drain. All sockets share the `drain` function {@link onDrain}, so no
 * closure per socket is needed.
 */
const drainListeners = new WeakMap<Socket, DrainListener>();

function onDrain(this: Socket): void {
  drainListeners.get(this)?.drained();
}

/** The part of a `Connection` that all transports over a socket share: octets are written straight to the socket. */
export abstract class SocketConnection {
  /** @param socket plain or TLS. */
  protected constructor(readonly socket: Socket) {}

  /** A socket also needs a drain for a moment after a write that went through at once. This does not count as full. */
  get isFull(): boolean {
    return this.socket.writableNeedDrain && this.socket.writableLength > 0;
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  write(octets: Buffer): void {
    this.socket.write(octets);
  }

  awaitDrain(listener: DrainListener): void {
    if (drainListeners.has(this.socket)) return;
    drainListeners.set(this.socket, listener);
    this.socket.on('drain', onDrain);
  }

  stopAwaitingDrain(): void {
    drainListeners.delete(this.socket);
    this.socket.off('drain', onDrain);
  }
}
