import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { messageOf } from '../kernel/certstream-error.js';
import { ProblemLog } from '../logging/problem-log.js';
import { requestPath } from './request-path.js';
import { ApiError } from './api-error.js';
import { errorBody, sendError, sendJson } from './json-response.js';

/**
 * Answers the errors of this server's controllers, which apply it with `@UseFilters()`. The routes of a host application keep the
 * filters and the error format of the host.
 */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  private readonly problems = new ProblemLog(new Logger('Web'));

  catch(error: unknown, host: ArgumentsHost): void {
    const [request, response] = [
      host.switchToHttp().getRequest<IncomingMessage>(),
      host.switchToHttp().getResponse<ServerResponse>(),
    ];
    if (!(error instanceof HttpException || error instanceof ApiError)) {
      const path = requestPath({ url: request.url });
      this.problems.report(path, `cannot answer a request for ${path}: ${messageOf(error)}`, {
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
    if (response.headersSent) return void response.destroy();
    if (error instanceof ApiError)
      return sendError(response, error.status, error.message, error.headers, error.code);
    const status = error instanceof HttpException ? error.getStatus() : 500;
    sendJson(response, status, JSON.stringify(bodyOf(error, status)));
  }
}

/** The body of a refusal is sent unchanged. */
function bodyOf(error: unknown, status: number): object {
  if (!(error instanceof HttpException)) return errorBody(status);
  const body = error.getResponse();
  const isComplete = typeof body === 'object' && 'error' in body && !('statusCode' in body);
  return isComplete ? body : errorBody(status, error.message);
}
