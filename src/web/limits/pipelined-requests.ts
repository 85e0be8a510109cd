import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Closes connections on which too many requests wait for their answers (pipelining, RFC 9112, 9.3.2): Node hands over all
 * that one read brings at once, hundreds of them, and nobody else is served meanwhile. Call it when everything that
 * handles requests listens already.
 * @param max 0 for any number.
 * @param onRefused called once for each such connection, before it is closed.
 */
export function boundPipelining(
  server: Server,
  max: number,
  onRefused: (request: IncomingMessage) => void,
): void {
  if (max === 0) return;
  const handlers = server.listeners('request') as RequestListener[];
  const waiting = new WeakMap<Socket, number>();
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    // The rest of what was read.
    if (socket.destroyed) return;
    const before = waiting.get(socket) ?? 0;
    if (before >= max) {
      onRefused(request);
      socket.destroy();
      return;
    }
    waiting.set(socket, before + 1);
    response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    for (const handle of handlers) handle.call(server, request, response);
  });
}
