import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { Request } from 'express';
import type { DialectName, StreamKind } from '../../certificate/certificate-batch.js';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { Admission } from '../../web/admission.js';
import { sendError, sendJson } from '../../web/json-response.js';
import { Refusals } from '../../web/refusals.js';
import { requestPath } from '../../web/request-path.js';
import { RecentEntries } from './recent-entries.js';
import { requestedDialect, UNKNOWN_FORMAT } from '../subscription/stream-request.js';
import { STREAM_NAMES, streamPaths } from '../subscription/stream-request.js';

interface Route {
  /** The stream whose token permits the request. */
  readonly kind: StreamKind;
  readonly send: (response: ServerResponse, dialect: DialectName) => void;
}

/**
 * Answers plain HTTP requests under the configured stream paths: `<path>/example.json`, `/example.json` and
 * `/latest.json`. A request for a stream path itself gets 426, which says that the path is a WebSocket.
 */
@Injectable()
export class StreamHttpMiddleware implements NestMiddleware<Request, ServerResponse> {
  private readonly routes = new Map<string, Route>();

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly recent: RecentEntries,
    private readonly admission: Admission,
    private readonly refusals: Refusals,
  ) {
    const example = (kind: StreamKind): Route => ({
      kind,
      send: (response, dialect) => this.sendExample(response, kind, dialect),
    });
    this.routes.set('/latest.json', {
      kind: 'lite',
      send: (response, dialect) => this.sendLatest(response, dialect),
    });
    this.routes.set('/example.json', example('lite'));
    const paths = streamPaths(config);
    for (const kind of ['full', 'lite', 'domains'] as const) {
      const base = paths[kind];
      this.routes.set(base, { kind, send: sendUpgradeRequired });
      this.routes.set(`${base === '/' ? '' : base}/example.json`, example(kind));
    }
  }

  use(request: Request, response: ServerResponse, next: () => void): void {
    const route = this.routes.get(requestPath({ url: request.originalUrl }));
    if (route === undefined) return next();
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendError(response, 405, undefined, { Allow: 'GET, HEAD' });
    const dialect = requestedDialect({ url: request.originalUrl }, this.config.webserver.format);
    if (dialect === undefined) return sendError(response, 400, UNKNOWN_FORMAT);
    const refusal = this.admission.refusesToken(request, STREAM_NAMES[route.kind]);
    if (refusal !== undefined)
      return this.refusals.answer(response, refusal, this.admission.addressOf(request));
    route.send(response, dialect);
  }

  private sendExample(response: ServerResponse, kind: StreamKind, dialect: DialectName): void {
    const text = this.recent.newest(kind, dialect);
    if (text === undefined) return sendNothingYet(response);
    sendJson(response, 200, text);
  }

  private sendLatest(response: ServerResponse, dialect: DialectName): void {
    const latest = this.recent.latest(dialect);
    if (latest === undefined) return sendNothingYet(response);
    sendJson(response, 200, latest);
  }
}

function sendNothingYet(response: ServerResponse): void {
  sendError(response, 503, 'no entry has been received yet', { 'Retry-After': 5 });
}

function sendUpgradeRequired(response: ServerResponse): void {
  sendError(response, 426, 'this is a WebSocket stream; example.json below this path shows one message', {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
  });
}
