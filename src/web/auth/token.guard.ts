import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CanActivate, type ExecutionContext, HttpException, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Admission } from '../admission.js';
import { errorBody, setApiHeaders } from '../json-response.js';
import { refusalCode } from '../refusal.js';
import { Refusals } from '../refusals.js';
import { ROUTE_ACCESS, type RouteAccess } from './route-access.js';

/** Checks the access token on every HTTP route of the application's controllers. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly admission: Admission,
    private readonly refusals: Refusals,
  ) {}

  /** @throws HttpException with status 401 or 403 and the body of a refusal. */
  canActivate(context: ExecutionContext): boolean {
    // The WebSocket adapter has already checked the connections of gateways.
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, targets);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const refusal = this.admission.refusesToken(request, access);
    if (refusal === undefined) return true;
    this.refusals.count(refusal.reason, this.admission.addressOf(request), refusal.token);
    setApiHeaders(context.switchToHttp().getResponse<ServerResponse>(), refusal.headers);
    throw new HttpException(
      errorBody(refusal.status, refusal.message, refusalCode(refusal.reason)),
      refusal.status,
    );
  }
}
