import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/** No answer of an API is to be sniffed or cached. */
const API_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
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
    ...API_HEADERS,
    ...headers,
  });
  response.end(body);
}

/** Answers `{"error": "..."}`. */
export function sendError(
  response: ServerResponse,
  status: number,
  message?: string,
  headers: OutgoingHttpHeaders = {},
): void {
  sendJson(response, status, JSON.stringify(errorBody(status, message)), headers);
}

/** Body of every error. @param message default: the standard phrase of the status. */
export function errorBody(status: number, message = STATUS_CODES[status] ?? 'Error'): { error: string } {
  return { error: message };
}

/** Sets the headers of {@link sendJson}, for an answer that Nest writes. */
export function setApiHeaders(response: ServerResponse, headers: OutgoingHttpHeaders = {}): void {
  for (const [name, value] of Object.entries({ ...API_HEADERS, ...headers }))
    if (value !== undefined) response.setHeader(name, value);
}

/**
 * A response for a request that came with an `upgrade` event, where Node gives a socket instead. The
 * connection is closed after it.
 */
export function responseOn(socket: Duplex, request: IncomingMessage): ServerResponse {
  socket.on('error', () => socket.destroy());
  // A client that does not read the answer is disconnected.
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
