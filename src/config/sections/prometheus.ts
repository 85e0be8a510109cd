import { z } from 'zod';

import { flag, text, urlPath } from '../field-types.js';
import { shownValue } from '../shown-value.js';
import { addressRanges, ipAddress, port } from '../listener-fields.js';
import { peerAddresses, tlsFiles } from './listener.js';

/** Port of the metrics on another address than that of the streams. */
export const METRICS_PORT = 9090;

export const prometheusSection = z
  .strictObject({
    enabled: flag().default(false).describe('Serve metrics for Prometheus.'),
    listen_addr: ipAddress()
      .default('0.0.0.0')
      .describe('IP address to listen on. Left out: that of `webserver`.'),
    listen_port: port()
      .default(8080)
      .describe(
        `TCP port to listen on, 1 to 65535. Left out: that of \`webserver\`, or ${METRICS_PORT} if \`listen_addr\` is another address.`,
      ),
    metrics_url: urlPath().default('/metrics').describe('Path of the metrics.'),
    expose_system_metrics: flag()
      .default(false)
      .describe('Add metrics of the Node.js process: CPU, memory, event loop, garbage collection.'),
    ...peerAddresses(),
    real_ip: flag()
      .default(false)
      .describe('The same as `webserver.real_ip`, for the metrics. Left out: the value there.'),
    trusted_proxies: addressRanges()
      .default([])
      .describe('The same as `webserver.trusted_proxies`, for the metrics. Left out: the value there.'),
    whitelist: addressRanges()
      .default(['127.0.0.1/8', '::1'])
      .describe(
        'Addresses or CIDR ranges that may read the metrics, by default this machine; all others get 403. Empty: every address.',
      ),
    ...tlsFiles(),
    metric_prefix: text()
      .refine((value) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(value), {
        error: (issue) =>
          `${shownValue(issue.input)} cannot begin a metric name; use letters, digits and _ only`,
      })
      .default('certstreamservergo')
      .describe(
        'First part of every metric name. The default is the prefix of the Go server, so that its dashboards work.',
      ),
  })
  .describe(
    'Metrics. If address and port are those of `webserver`, the metrics share its listener and its TLS; otherwise they get their own listener.',
  );
