import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ConfigType } from '@nestjs/config';
import { webserverConfig } from '../config/config-namespace.js';
import { Admission } from './admission.js';
import { PublicRoutes } from './auth/public-routes.js';
import { answerClientErrors } from './client-errors.js';
import { FixedRoutes } from './fixed-routes.js';
import { PendingConnections } from './limits/pending-connections.js';
import { boundPipelining } from './limits/pipelined-requests.js';
import { leaveBodiesUnread } from './limits/unread-bodies.js';
import { limitServer } from './listener.js';
import type { Refusal } from './refusal.js';
import { Refusals } from './refusals.js';
import { normalisePath, requestPath } from './request-path.js';
import { WebEnforcement } from './web-enforcement.js';

/** Pages that probes request all the time. They do not count for the rate of an address. */
const HEALTH_PAGES: ReadonlySet<string> = new Set(['/healthz', '/health', '/readyz']);

/** Refuses plain HTTP requests. The WebSocket adapter checks upgrades, and TokenGuard checks the tokens of controllers again. */
function accessControl(
  admission: Admission,
  refusals: Refusals,
  publicRoutes: PublicRoutes,
  pages: FixedRoutes,
) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const refuse = (refusal: Refusal) => refusals.answer(response, refusal, admission.addressOf(request));
    const cors = pages.corsOf(request);
    cors?.apply(request, response);
    const refusal = admission.refusesRequest(request, HEALTH_PAGES.has(requestPath(request)));
    if (refusal !== undefined) return refuse(refusal);
    if (cors?.answersPreflight(request, response) === true) return;
    const unauthorized = admission.refusesToken(request);
    if (unauthorized === undefined || publicRoutes.mayServe(request)) return next();
    if (cors !== undefined) return refuse(unauthorized);
    publicRoutes.withCors(request, response, () => refuse(unauthorized));
  };
}

/**
 * Protects everything that the application serves with the whitelist, the limits and the tokens, including middleware that was
 * added with `use` before this call. A second call does nothing.
 * @throws WebError (`WEB_NOT_ENFORCED`) after the start of the application, or with another HTTP adapter than Express.
 */
export function prepareHttp(app: NestExpressApplication): void {
  if (app.get(WebEnforcement).prepareHttp()) return;
  const { limits } = app.get<ConfigType<typeof webserverConfig>>(webserverConfig.KEY);
  const admission = app.get(Admission);
  const refusals = app.get(Refusals);
  app.disable('x-powered-by');
  app.disable('etag');
  const server: Server = app.getHttpServer();
  limitServer(server, limits);
  app.get(PendingConnections).watch(server);
  answerClientErrors(server, refusals);
  leaveBodiesUnread(server);
  // This listener must run before Express copies the URL.
  server.prependListener('request', (request) => {
    normalisePath(request);
    admission.tokens.receive(request);
  });
  boundPipelining(server, limits.max_pipelined_requests, (request) =>
    refusals.count('pipelined_requests', admission.addressOf(request)),
  );
  const publicRoutes = app.get(PublicRoutes);
  const check = accessControl(admission, refusals, publicRoutes, app.get(FixedRoutes));
  publicRoutes.noteCheck(check);
  app.use(check);
  moveLastToFront(app);
}

/** Makes the middleware that was added last run first. */
function moveLastToFront(app: NestExpressApplication): void {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: unknown[] } };
  router.stack.unshift(router.stack.pop());
}
