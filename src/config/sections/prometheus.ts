import { z } from 'zod';

import { flag, text, urlPath } from '../field-types.js';
import { shownValue } from '../shown-value.js';
import { listenAddress, peerAddresses, tlsFiles } from './listener.js';

export const prometheusSection = z
  .strictObject({
    enabled: flag().default(false).describe('Serve metrics for Prometheus.'),
    ...listenAddress(9090),
    metrics_url: urlPath().default('/metrics').describe('Path of the metrics.'),
    expose_system_metrics: flag()
      .default(false)
      .describe('Add metrics of the Node.js process: CPU, memory, event loop, garbage collection.'),
    ...peerAddresses(),
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
