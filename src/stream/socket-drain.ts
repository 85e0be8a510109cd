import type { Socket } from 'node:net';

/** What is told that the socket has taken what it held. */
interface Waiting {
  readonly socket: Socket;
  drained(): void;
}

/** Owners of the sockets that are waited for. The listener is the same for all, so that it takes no memory. */
const owners = new WeakMap<Socket, Waiting>();

function onDrain(this: Socket): void {
  owners.get(this)?.drained();
}

export function awaitDrain(owner: Waiting): void {
  if (owners.has(owner.socket)) return;
  owners.set(owner.socket, owner);
  owner.socket.on('drain', onDrain);
}

export function stopAwaitingDrain({ socket }: Waiting): void {
  owners.delete(socket);
  socket.off('drain', onDrain);
}
