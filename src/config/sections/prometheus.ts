import { z } from 'zod';

import { flag, text, urlPath } from '../field-types.js';
import { shownValue } from '../shown-value.js';
import { listener } from './listener.js';

const {
  listen_addr,
  listen_port,
  real_ip,
  trusted_proxies,
  whitelist,
  cert_path,
  cert_key_path,
  cert_check_seconds,
} = listener(9090);

export const prometheusSection = z
  .strictObject({
    enabled: flag().default(false).describe('Serve metrics for Prometheus.'),
    listen_addr,
    listen_port,
    metrics_url: urlPath().default('/metrics').describe('Path of the metrics.'),
    expose_system_metrics: flag()
      .default(false)
      .describe('Add metrics of the Node.js process: CPU, memory, event loop, garbage collection.'),
    real_ip,
    trusted_proxies,
    whitelist,
    cert_path,
    cert_key_path,
    cert_check_seconds,
    metric_prefix: text()
      .refine((value) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(value), {
        error: (issue) =>
          `${shownValue(issue.input)} cannot begin a metric name; use letters, digits and _ only`,
      })
      .default('certstreamservergo')
      .describe('First part of every metric name. The default is that of the Go server, for its dashboards.'),
  })
  .describe(
    'Metrics. With the address and port of `webserver` they share its listener (and its TLS); otherwise they get their own.',
  );
