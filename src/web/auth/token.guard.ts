import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { answersWithPage } from '../browser-page.js';
import { ROUTE_ACCESS, type RouteAccess } from './route-access.js';
import { TokenCheck } from './token-check.js';

/** Checks the access token on every HTTP route of the application's controllers. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenCheck,
  ) {}

  /** @throws HttpException with status 401 or 403 and the body of a refusal. */
  canActivate(context: ExecutionContext): boolean {
    // The WebSocket adapter has already checked the connections of gateways.
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, targets);
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    if (access === 'public' || answersWithPage(context.getHandler(), request)) return true;
    this.tokens.require(request, http.getResponse<ServerResponse>(), access);
    return true;
  }
}
