import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CanActivate, type ExecutionContext, MethodNotAllowedException } from '@nestjs/common';
import type { CorsPolicy } from './cors-policy.js';
import { setApiHeaders } from './json-response.js';

/** Runs before every page of this server, after the guards of the application: sets its headers and refuses methods that write. */
export class PageGuard implements CanActivate {
  /** @param cors undefined for a page that pages of other origins may not read. */
  constructor(private readonly cors: CorsPolicy | undefined) {}

  /** @throws MethodNotAllowedException */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const response = context.switchToHttp().getResponse<ServerResponse>();
    this.cors?.apply(request, response);
    setApiHeaders(response);
    if (request.method === 'GET' || request.method === 'HEAD') return true;
    setApiHeaders(response, { Allow: 'GET, HEAD' });
    throw new MethodNotAllowedException('Method Not Allowed');
  }
}
