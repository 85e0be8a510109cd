import type { Socket } from 'node:net';

/** The number of each connection of the UNIX socket. A missing address is not enough: a closed TCP socket has no address either. */
const numbers = new WeakMap<object, number>();
let joined = 0;

export function markUnixPeer(socket: Socket): void {
  numbers.set(socket, ++joined);
}

export function isUnixPeer(socket: object): boolean {
  return numbers.has(socket);
}

/** Returns the name of a connection: `unix:17` is the seventeenth since the start. */
export function unixPeerName(socket: object): string {
  return `unix:${numbers.get(socket) ?? 0}`;
}
