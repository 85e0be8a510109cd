import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/** Headers that forbid caches to store an answer and browsers to guess its type. */
export const API_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
export const JSON_TYPE = 'application/json; charset=utf-8';

/** Milliseconds of silence after which a connection is closed although its answer has not been read. */
const ANSWER_TIMEOUT = 5_000;

/** Answers with JSON text and the headers of an API. */
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

/** Body of every error answer. docs/errors.md lists the codes. */
export interface ErrorBody {
  /** A sentence for people. */
  readonly error: string;
  /** Stable; programs may depend on it. */
  readonly code: string;
}

/** Answers with an {@link ErrorBody}. */
export function sendError(
  response: ServerResponse,
  status: number,
  message?: string,
  headers: OutgoingHttpHeaders = {},
  code?: string,
): void {
  sendJson(response, status, JSON.stringify(errorBody(status, message, code)), headers);
}

/**
 * @param message default: the standard phrase of the status (RFC 9110, 15).
 * @param code default: this phrase in capitals, such as `NOT_FOUND`.
 */
export function errorBody(status: number, message?: string, code?: string): ErrorBody {
  const phrase = STATUS_CODES[status] ?? 'Error';
  return { error: message ?? phrase, code: code ?? phrase.toUpperCase().replaceAll(/[^A-Z]+/g, '_') };
}

/** Returns a whole answer with an {@link ErrorBody}, for a connection without a request that Node has parsed. Close it after the answer. */
export function errorAnswer(
  status: number,
  message: string | undefined,
  code: string,
  headers: Readonly<Record<string, string | number>> = {},
): string {
  const body = JSON.stringify(errorBody(status, message, code));
  const all = {
    'Content-Type': JSON_TYPE,
    'Content-Length': Buffer.byteLength(body),
    ...API_HEADERS,
    ...headers,
    Connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}

/** Sets the headers of {@link sendJson}, for an answer that Nest writes. */
export function setApiHeaders(response: ServerResponse, headers: OutgoingHttpHeaders = {}): void {
  for (const [name, value] of Object.entries({ ...API_HEADERS, ...headers }))
    if (value !== undefined) response.setHeader(name, value);
}

/**
 * Returns a response for the request of an `upgrade` event, for which Node provides only a socket. The connection is closed after
 * the response.
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
