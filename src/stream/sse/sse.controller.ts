import { Controller, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { ApiErrorFilter } from '../../web/api-error.filter.js';
import { TokenCheck } from '../../web/auth/token-check.js';
import { FixedRoute } from '../../web/fixed-routes.js';
import { sendJson } from '../../web/json-response.js';
import { Documented, FORMAT_QUERY } from '../../web/page-doc.js';
import { StreamRequestError } from '../subscription/stream-options.js';
import { STREAM_NAMES } from '../subscription/stream-paths.js';
import { queryOf, single } from '../subscription/stream-query.js';
import { requestErrorBody, StreamRequests } from '../subscription/stream-requests.js';
import { SseAdmission } from './sse-admission.js';
import { SseStreams } from './sse-streams.js';

/** Values of `?stream=`, as at certstream-server-rust. */
const STREAMS = ['full', 'lite', 'domains', 'domains-only'] as const;

/** Serves the streams as Server-Sent Events (HTML, 9.2). */
@Controller()
@UseFilters(ApiErrorFilter)
export class SseController {
  constructor(
    private readonly tokens: TokenCheck,
    private readonly requests: StreamRequests,
    private readonly admission: SseAdmission,
    private readonly streams: SseStreams,
  ) {}

  @FixedRoute(({ webserver }) => [webserver.sse_url])
  @Documented({
    summary: 'A stream as Server-Sent Events. All parameters of the WebSocket streams apply.',
    query: { stream: { description: 'The stream; lite by default.', values: STREAMS }, ...FORMAT_QUERY },
    answers: { others: { 'text/event-stream': 'One event for each message, with its cursor as the id.' } },
    errors: { 400: 'A parameter is not valid.' },
  })
  open(@Req() request: Request, @Res() response: Response): void {
    try {
      this.answer(request, response);
    } catch (error) {
      if (!(error instanceof StreamRequestError)) throw error;
      sendJson(response, 400, JSON.stringify(requestErrorBody(error)));
    }
  }

  /** @throws StreamRequestError, or HttpException for a missing or unknown token. */
  private answer(request: Request, response: Response): void {
    const { socket } = request;
    const kind = requestedStream(request);
    this.tokens.require(request, response, STREAM_NAMES[kind]);
    const options = this.requests.optionsOf(request, true);
    if (hasBody(request)) throw new StreamRequestError('STREAM_BODY', 'a request for a stream has no body');
    if (request.method === 'HEAD') return this.streams.answerHead(request, response);
    // The client has gone, or an earlier request of this connection is not answered yet, which no well-behaved client does.
    if (socket.destroyed || response.socket !== socket) return void socket.destroy();
    if (!this.admission.admits(request, response, socket)) return;
    this.streams.connect(kind, request, response, this.requests.nameOf(request), options);
  }
}

function requestedStream(request: Request): StreamKind {
  const name = single(queryOf(request), 'stream', STREAMS);
  if (name === undefined)
    throw new StreamRequestError('STREAM_NAME', `stream must be one of ${STREAMS.join(', ')}`);
  return name === '' ? 'lite' : name === 'domains-only' ? 'domains' : name;
}

/** Whether octets follow the headers of a request (RFC 9112, 6.3). */
function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
