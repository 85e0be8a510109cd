import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { API_HEADERS, errorBody, JSON_TYPE } from './json-response.js';
import { refusalCode, type RefusalReason } from './refusal.js';
import type { Refusals } from './refusals.js';

interface Answer {
  readonly status: number;
  readonly reason: RefusalReason;
}

const MALFORMED: Answer = { status: 400, reason: 'malformed_request' };
const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'header_size' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, reason: 'header_size' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'timeout' },
};

/** Answers invalid HTTP with a JSON error and closes the connection, since the start of the next request is unknown. */
export function answerClientErrors(server: Server, refusals: Pick<Refusals, 'count'>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { code = '' } = error;
    const isOfHttp = code.startsWith('HPE_') || code.startsWith('ERR_HTTP');
    if (isOfHttp) refusals.count((ANSWERS[code] ?? MALFORMED).reason, socket.remoteAddress ?? '');
    if (!isOfHttp || !socket.writable || isAnswering(socket)) return void socket.destroy();
    socket.end(textOf(ANSWERS[code] ?? MALFORMED), () => socket.destroy());
  });
}

/** Whether a part of an answer was sent already, such as that of a stream. The error must not be written into it. */
function isAnswering(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  const { _httpMessage: response } = socket;
  return response?.headersSent === true;
}

function textOf({ status, reason }: Answer): string {
  const body = JSON.stringify(errorBody(status, undefined, refusalCode(reason)));
  const headers = {
    'Content-Type': JSON_TYPE,
    'Content-Length': body.length,
    ...API_HEADERS,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}
