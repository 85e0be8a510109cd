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
 * Makes the application fit to stand on the internet. Call it before anything else is `use`d: what comes
 * earlier is not behind the whitelist, the limits and the tokens.
 */
export function prepareHttp(app: NestExpressApplication): void {
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
}
