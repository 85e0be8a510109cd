import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { StreamWsAdapter } from './stream/websocket/stream-ws-adapter.js';
import { prepareHttp } from './web/http-application.js';

/**
 * Enforces tokens, whitelist, origins and limits on everything that the HTTP server of an application serves, its own
 * pages and gateways included, and sets the WebSocket adapter that the streams need. Gateways with a port of their own and
 * microservices are not covered. To be called in `main.ts` before `app.init()` or
 * `app.listen()`; an application with `CertstreamModule` or `StreamModule` does not start without. `startServer`
 * does it.
 * @throws WebError (`WEB_NOT_ENFORCED`) after the start of the application, or with another HTTP adapter than Express.
 */
export function configureCertstream(app: INestApplication): void {
  prepareHttp(app as NestExpressApplication);
  app.useWebSocketAdapter(new StreamWsAdapter(app));
}
