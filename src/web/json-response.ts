import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Milliseconds of silence on a connection that is to be closed behind its answer. */
const ANSWER_TIMEOUT = 5_000;

/** Answers with JSON text, and with headers that suit an API nobody should frame, sniff or cache. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    'Content-Type': JSON_TYPE,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

/** Answers `{"error": "..."}`. */
export function sendError(
  response: ServerResponse,
  status: number,
  message = STATUS_CODES[status] ?? 'Error',
  headers: OutgoingHttpHeaders = {},
): void {
  sendJson(response, status, JSON.stringify({ error: message }), headers);
}

/**
 * A response for a request that came with an `upgrade` event, where Node gives a socket instead. The
 * connection is closed behind it.
 */
export function responseOn(socket: Duplex, request: IncomingMessage): ServerResponse {
  socket.on('error', () => socket.destroy());
  // Whoever does not take the answer is not waited for.
  (socket as Socket).setTimeout(ANSWER_TIMEOUT, () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once('finish', () => {
    response.detachSocket(socket as Socket);
    (socket as Socket).destroySoon();
  });
  return response;
}
