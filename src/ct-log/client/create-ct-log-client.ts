import { clientServices, type ClientServices } from './client-services.js';
import type { CtLog } from './ct-log.js';
import type { CtLogClient } from './ct-log-client.js';
import type { CtHttp } from './http/ct-http.js';
import { HybridClient } from './rfc6962/hybrid-client.js';
import { Rfc6962Client } from './rfc6962/rfc6962-client.js';
import { StaticCtClient } from './static-ct/static-ct-client.js';

/** Creates the client for the protocol of the log. */
export function createCtLogClient(
  log: CtLog,
  http: CtHttp,
  options: Partial<ClientServices> = {},
): CtLogClient {
  const services = clientServices(options);
  if (log.source.type === 'tiled') return new StaticCtClient(log, http, services);
  return log.dataTiles === true
    ? new HybridClient(log, http, services)
    : new Rfc6962Client(log, http, services);
}
