import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { StreamWsAdapter } from './stream/websocket/stream-ws-adapter.js';
import { prepareHttp } from './web/http-application.js';

/**
 * Enforces tokens, whitelist, origins and limits on everything that the HTTP server of an application serves, including the pages
 * and gateways of the application, and sets the WebSocket adapter that the streams need. It does not protect microservices and
 * gateways with their own port. Call it in `main.ts` before `app.init()` or `app.listen()`. Without the call, an application with
 * `CertstreamModule` or `StreamModule` does not start. `startServer` makes the call itself.
 * @throws WebError (`WEB_NOT_ENFORCED`) after the start of the application, or with another HTTP adapter than Express.
 */
export function configureCertstream(app: INestApplication): void {
  prepareHttp(app as NestExpressApplication);
  app.useWebSocketAdapter(new StreamWsAdapter(app));
}
