import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { Admission } from './admission.js';
import { answerClientErrors } from './client-errors.js';
import { PendingConnections } from './limits/pending-connections.js';
import { boundPipelining } from './limits/pipelined-requests.js';
import { leaveBodiesUnread } from './limits/unread-bodies.js';
import { limitServer } from './listener.js';
import { Refusals } from './refusals.js';
import { requestPath, withoutTrailingSlash } from './request-path.js';
import { WebEnforcement } from './web-enforcement.js';

/** Pages that say nothing worth a token and that probes ask for without end. */
const HEALTH_PAGES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Turns away plain HTTP requests; upgrades are checked by the WebSocket adapter. */
export function accessControl(
  admission: Admission,
  refusals: Refusals,
  pagesWithoutToken: ReadonlySet<string>,
) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const path = requestPath(request);
    const refusal =
      admission.refusesRequest(request, HEALTH_PAGES.has(path)) ??
      (pagesWithoutToken.has(path) ? undefined : admission.refusesToken(request));
    if (refusal === undefined) next();
    else refusals.answer(response, refusal, admission.addressOf(request));
  };
}

/**
 * Makes the application fit to stand on the internet. Everything that it serves is behind the whitelist, the limits and
 * the tokens, also what was `use`d before. A second call does nothing.
 * @throws WebError (`WEB_NOT_ENFORCED`) after the start of the application, or with another HTTP adapter than Express.
 */
export function prepareHttp(app: NestExpressApplication): void {
  if (app.get(WebEnforcement).prepareHttp()) return;
  const { webserver, prometheus } = app.get<CertstreamConfig>(CERTSTREAM_CONFIG);
  const admission = app.get(Admission);
  const refusals = app.get(Refusals);
  app.disable('x-powered-by');
  app.disable('etag');
  const server: Server = app.getHttpServer();
  limitServer(server, webserver.limits);
  app.get(PendingConnections).watch(server);
  answerClientErrors(server, refusals);
  leaveBodiesUnread(server);
  // Before Express copies the URL.
  server.prependListener('request', (request) => admission.tokens.receive(request));
  boundPipelining(server, webserver.limits.max_pipelined_requests, (request) =>
    refusals.count('pipelined_requests', admission.addressOf(request)),
  );
  const metricsPage = prometheus.enabled ? [withoutTrailingSlash(prometheus.metrics_url)] : [];
  app.use(accessControl(admission, refusals, new Set([...HEALTH_PAGES, ...metricsPage])));
  moveLastToFront(app);
}

/** The middleware that was `use`d last runs first. */
function moveLastToFront(app: NestExpressApplication): void {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: unknown[] } };
  router.stack.unshift(router.stack.pop());
}
