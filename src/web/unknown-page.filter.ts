import type { ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type HttpServer, NotFoundException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request } from 'express';
import type { CertstreamConfig } from '../config/config-schema.js';
import { sendError } from './json-response.js';
import { requestPath, withoutTrailingSlash } from './request-path.js';

/** Answers requests for paths that no route serves. Errors that controllers of modules throw keep the format of Nest. */
@Catch(NotFoundException)
export class UnknownPageFilter extends BaseExceptionFilter {
  private readonly metricsPath: string | undefined;

  constructor(adapter: HttpServer, { prometheus }: CertstreamConfig) {
    super(adapter);
    this.metricsPath = prometheus.enabled ? undefined : withoutTrailingSlash(prometheus.metrics_url);
  }

  override catch(error: NotFoundException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    if (error.message !== `Cannot ${request.method} ${request.originalUrl}`) {
      // oxlint-disable-next-line promise/valid-params -- this is the method of a filter, not of a promise
      return super.catch(error, host);
    }
    const path = requestPath({ url: request.originalUrl });
    const reason =
      path === this.metricsPath
        ? 'metrics are switched off; set prometheus.enabled'
        : 'no page of this server has this path and method';
    sendError(host.switchToHttp().getResponse<ServerResponse>(), 404, reason);
  }
}
