import { Controller, Inject, Req, Res, UseFilters } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { Request, Response } from 'express';
import type { DialectName, StreamKind } from '../../certificate/certificate-batch.js';
import { webserverConfig } from '../../config/config-namespace.js';
import { ApiError } from '../../web/api-error.js';
import { ApiErrorFilter } from '../../web/api-error.filter.js';
import { RequiresStream } from '../../web/auth/route-access.js';
import { FixedRoute } from '../../web/fixed-routes.js';
import { sendError, sendJson } from '../../web/json-response.js';
import { queryOf, requestedDialect, streamPaths, UNKNOWN_FORMAT } from '../subscription/stream-request.js';
import { RecentEntries } from './recent-entries.js';

const Stream = (kind: StreamKind): MethodDecorator =>
  FixedRoute((config) => [streamPaths(config)[kind]], { cors: false });

/** @param more paths of the same page. */
const Example = (kind: StreamKind, ...more: readonly string[]): MethodDecorator =>
  FixedRoute((config) => {
    const base = streamPaths(config)[kind];
    return [`${base === '/' ? '' : base}/example.json`, ...more];
  });

/**
 * Plain HTTP on the configured paths of the streams: `<path>/example.json`, `/example.json` and `/latest.json`, and on the paths
 * themselves the answer that they need WebSocket.
 */
@Controller()
@UseFilters(ApiErrorFilter)
export class StreamHttpController {
  constructor(
    private readonly recent: RecentEntries,
    @Inject(webserverConfig.KEY) private readonly config: ConfigType<typeof webserverConfig>,
  ) {}

  @FixedRoute(() => ['/latest.json'])
  @RequiresStream('lite')
  latest(@Req() request: Request, @Res() response: Response): void {
    this.send(request, response, (dialect) => this.recent.latest(dialect));
  }

  @Example('full')
  @RequiresStream('full')
  fullExample(@Req() request: Request, @Res() response: Response): void {
    this.send(request, response, (dialect) => this.recent.newest('full', dialect));
  }

  @Example('domains')
  @RequiresStream('domains')
  domainsExample(@Req() request: Request, @Res() response: Response): void {
    this.send(request, response, (dialect) => this.recent.newest('domains', dialect));
  }

  /** Last, since `/example.json` is that of another stream where this one is served at `/`. */
  @Example('lite', '/example.json')
  @RequiresStream('lite')
  liteExample(@Req() request: Request, @Res() response: Response): void {
    this.send(request, response, (dialect) => this.recent.newest('lite', dialect));
  }

  @Stream('lite')
  @RequiresStream('lite')
  lite(@Req() request: Request, @Res() response: Response): void {
    if (this.dialectOf(request, response) !== undefined) sendUpgradeRequired(response);
  }

  @Stream('full')
  @RequiresStream('full')
  full(@Req() request: Request, @Res() response: Response): void {
    this.lite(request, response);
  }

  @Stream('domains')
  @RequiresStream('domains')
  domains(@Req() request: Request, @Res() response: Response): void {
    this.lite(request, response);
  }

  private send(
    request: Request,
    response: Response,
    textOf: (dialect: DialectName) => Buffer | undefined,
  ): void {
    const dialect = this.dialectOf(request, response);
    if (dialect === undefined) return;
    const text = textOf(dialect);
    if (text !== undefined) return sendJson(response, 200, text);
    throw new ApiError('API_NO_ENTRY', 503, 'no entry has been received yet', { 'Retry-After': 5 });
  }

  /** The dialect that the request asks for; undefined after the answer to a request that is not allowed. */
  private dialectOf(request: Request, response: Response): DialectName | undefined {
    const dialect = requestedDialect(queryOf({ url: request.originalUrl }), this.config.format);
    if (dialect === undefined) sendError(response, 400, UNKNOWN_FORMAT);
    return dialect;
  }
}

function sendUpgradeRequired(response: Response): void {
  sendError(response, 426, 'this is a WebSocket stream; example.json below this path shows one message', {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
  });
}
