import { z } from 'zod';

import { amount, choice, integer, list, text } from '../field-types.js';
import { shownValue } from '../shown-value.js';
import { serverAddress } from './outputs/fields.js';
import { natsConnectionKeys, oneNatsLogin } from './outputs/nats-connection.js';

export const clusterSection = z
  .strictObject({
    servers: list(serverAddress(4222))
      .default([])
      .describe(
        'NATS servers with JetStream, as `nats://host:port` or `host:port`. All members name servers of the same NATS cluster. Empty: this server works alone.',
      ),
    role: choice(['all', 'ingest', 'gateway'])
      .default('all')
      .describe(
        'Work of this member. `all`: it follows its share of the logs and serves clients. `ingest`: it follows logs and opens no streams. `gateway`: it serves clients and outputs, and follows no log. `serve --role` replaces it.',
      ),
    name: text()
      .default('')
      .describe(
        'Name of this member, for the log and `/api/cluster`. Empty: the host name. Two members may have the same name.',
      ),
    shard_by: choice(['operator', 'log'])
      .default('operator')
      .describe(
        'Unit that one member follows. `operator`: all logs of an operator, so that its rate limits are kept in one process. `log`: each log on its own. All members need the same value.',
      ),
    prefix: text()
      .default('ct')
      .refine((value) => /^[A-Za-z0-9_-]{1,32}$/.test(value), {
        error: ({ input }) => `${shownValue(input)} is not a prefix; use up to 32 letters, digits, - and _`,
      })
      .describe(
        'First part of the names of the stream, the buckets and the subjects. Clusters with different prefixes share NATS servers and nothing else.',
      ),
    replicas: integer(1, 5)
      .default(1)
      .describe(
        'Copies of the stream and the buckets. More than one needs NATS servers of version 2.12 or later.',
      ),
    max_gb: amount(0.1, 100_000)
      .default(4)
      .describe('Size of the stream in GiB. The oldest records are dropped first.'),
    max_hours: amount(0.1, 100_000)
      .default(24)
      .describe('Age of records in hours after which the stream drops them.'),
    ready_lag_seconds: integer(1, 86_400)
      .default(30)
      .describe('Delay in seconds of the records of the stream from which on `/readyz` of a member fails.'),
    ...natsConnectionKeys,
  })
  .refine(...oneNatsLogin)
  .describe(
    'Several servers that share the logs and serve the same streams, over NATS JetStream. The journal is then a stream of JetStream, and the section `journal` has no effect. See docs/cluster.md.',
  );
