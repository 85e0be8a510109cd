import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AccessPolicy } from './access-policy.js';
import { sendError } from './json-response.js';
import { limitServer } from './listener.js';

/** Turns away plain HTTP requests of whoever is not on the whitelist; upgrades are checked by the WebSocket adapter. */
export function accessControl(policy: AccessPolicy) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (policy.allows(request)) next();
    else sendError(response, 403);
  };
}

/**
 * Makes the application fit to stand on the internet. Call it before anything else is `use`d: what comes
 * earlier is not behind the whitelist.
 */
export function prepareHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.disable('etag');
  limitServer(app.getHttpServer());
  app.use(accessControl(app.get(AccessPolicy)));
}
