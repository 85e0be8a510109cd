import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { messageOf } from '../kernel/certstream-error.js';
import { ProblemLog } from '../logging/problem-log.js';
import { requestPath } from './request-path.js';
import { sendJson } from './json-response.js';

/** Body of an error. The code is the standard phrase of the status (RFC 9110, 15) in capitals: `NOT_FOUND`. */
export interface ApiErrorBody {
  readonly error: string;
  readonly code: string;
}

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
    if (!(error instanceof HttpException)) {
      const path = requestPath({ url: request.url });
      this.problems.report(path, `cannot answer a request for ${path}: ${messageOf(error)}`, {
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
    if (response.headersSent) return void response.destroy();
    const status = error instanceof HttpException ? error.getStatus() : 500;
    sendJson(response, status, JSON.stringify(bodyOf(error, status)));
  }
}

/** The body of a refusal is sent unchanged. */
function bodyOf(error: unknown, status: number): object {
  if (!(error instanceof HttpException)) return apiError(status);
  const body = error.getResponse();
  const isComplete = typeof body === 'object' && 'error' in body && !('statusCode' in body);
  return isComplete ? body : apiError(status, error.message);
}

/** @param message default: the standard phrase of the status. */
export function apiError(status: number, message?: string): ApiErrorBody {
  const phrase = STATUS_CODES[status] ?? 'Error';
  return { error: message ?? phrase, code: phrase.toUpperCase().replaceAll(/[^A-Z]+/g, '_') };
}
