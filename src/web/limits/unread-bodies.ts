import type { IncomingMessage, Server } from 'node:http';

/**
 * Closes a connection if its request was answered before the whole body arrived. Node would read and discard the rest, and a body
 * in chunks of one octet costs more than a thousand requests. RFC 9112, 9.6 permits a server to close here.
 */
export function leaveBodiesUnread(server: Server): void {
  server.prependListener('request', (request, response) => {
    response.once('finish', () => {
      if (!request.complete) closeUnlessComplete(request);
    });
  });
}

/** Waits until the octets that Node has already read are parsed: they may contain the rest of the body. */
function closeUnlessComplete(request: IncomingMessage): void {
  const { socket } = request;
  socket.pause();
  setImmediate(() => {
    if (request.complete) socket.resume();
    else socket.destroySoon();
  });
}
