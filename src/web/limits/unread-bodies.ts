import type { IncomingMessage, Server } from 'node:http';

/**
 * Closes a connection whose request is answered before its body has come: Node would read and drop the rest of it, and
 * a body in chunks of one octet costs more than a thousand requests (RFC 9112, 9.6 lets a server close there).
 */
export function leaveBodiesUnread(server: Server): void {
  server.prependListener('request', (request, response) => {
    response.once('finish', () => {
      if (!request.complete) closeUnlessHere(request);
    });
  });
}

/** The rest of the body may be in what was read already, and is parsed before the turn ends. */
function closeUnlessHere(request: IncomingMessage): void {
  const { socket } = request;
  socket.pause();
  setImmediate(() => {
    if (request.complete) socket.resume();
    else socket.destroySoon();
  });
}
