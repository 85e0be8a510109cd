import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Closes connections on which too many requests wait for their answers (pipelining, RFC 9112, 9.3.2). One read may contain
 * hundreds of requests. Node passes them all to the handlers at once, and serves no other client meanwhile. Call this function
 * after all listeners for requests have been added.
 * @param max most requests that may wait on one connection; 0 = no limit.
 * @param onRefused is called once for each such connection, before it is closed.
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
    // Requests of the same read arrive even after the socket was destroyed.
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
