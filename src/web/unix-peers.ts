import type { Socket } from 'node:net';

/** Sockets that came over the UNIX socket. One of TCP that has died has no address either, but is none of these. */
const numbers = new WeakMap<object, number>();
let joined = 0;

export function markUnixPeer(socket: Socket): void {
  numbers.set(socket, ++joined);
}

export function isUnixPeer(socket: object): boolean {
  return numbers.has(socket);
}

/** `unix:17`: the seventeenth connection since the start. */
export function unixPeerName(socket: object): string {
  return `unix:${numbers.get(socket) ?? 0}`;
}
