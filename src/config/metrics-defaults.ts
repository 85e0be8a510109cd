import type { ConfigDraft } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { METRICS_PORT } from './sections/prometheus.js';

/** Fills in the keys of `prometheus` that the draft leaves out and whose default is the value of `webserver`. */
export function inheritWebserver({ webserver, prometheus }: CertstreamConfig, draft: ConfigDraft): void {
  if (!isGiven(draft, 'listen_addr')) prometheus.listen_addr = webserver.listen_addr;
  if (!isGiven(draft, 'real_ip')) prometheus.real_ip = webserver.real_ip;
  if (!isGiven(draft, 'trusted_proxies')) prometheus.trusted_proxies = webserver.trusted_proxies;
  if (isGiven(draft, 'listen_port')) return;
  prometheus.listen_port =
    prometheus.listen_addr === webserver.listen_addr ? webserver.listen_port : METRICS_PORT;
}

/** Whether the draft has a value for a key of `prometheus`. */
function isGiven(draft: ConfigDraft, key: string): boolean {
  return draft.get(['prometheus', key]) !== undefined;
}
