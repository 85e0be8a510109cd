import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorAnswer } from './json-response.js';
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

/**
 * Milliseconds for a request that seems to be late. After a stall of this process, Node looks for late requests before it reads what has
 * arrived meanwhile, and an EventSource that gets 408 never connects again.
 */
const LATE_MS = 1000;

/** The members of a socket of an HTTP server. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
  /** Null after an upgrade. */
  readonly parser?: object | null;
}

/** Answers invalid HTTP with a JSON error and closes the connection, since the start of the next request is unknown. */
export function answerClientErrors(server: Server, refusals: Pick<Refusals, 'count'>): void {
  const answer = (code: string, socket: HttpSocket): void => {
    const isOfHttp = code.startsWith('HPE_') || code.startsWith('ERR_HTTP');
    const { status, reason } = ANSWERS[code] ?? MALFORMED;
    if (isOfHttp) refusals.count(reason, socket.remoteAddress ?? '');
    // A connection over which nothing came gets no answer: its request may be on its way through a proxy that is busy.
    const isSilent = socket.bytesRead === 0;
    if (!isOfHttp || !socket.writable || isSilent || isAnswering(socket)) return void socket.destroy();
    socket.end(errorAnswer(status, undefined, refusalCode(reason)), () => socket.destroy());
  };
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: HttpSocket) => {
    const { bytesWritten } = socket;
    if (code !== 'ERR_HTTP_REQUEST_TIMEOUT' || responseOf(socket)) return answer(code, socket);
    const answerIfLate = (): void => {
      const hasArrived =
        responseOf(socket) !== undefined || !socket.parser || socket.bytesWritten > bytesWritten;
      if (!hasArrived && !socket.destroyed) answer(code, socket);
    };
    setTimeout(answerIfLate, LATE_MS).unref();
  });
}

/** Returns the answer to the request that is being served; undefined between two requests. */
function responseOf({ _httpMessage: response }: HttpSocket): ServerResponse | undefined {
  return response ?? undefined;
}

/** Whether a part of an answer was sent already, such as that of a stream. The error must not be written into it. */
function isAnswering(socket: HttpSocket): boolean {
  return responseOf(socket)?.headersSent === true;
}
