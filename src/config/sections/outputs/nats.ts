import { z } from 'zod';

import { amount, choice, integer, list, text } from '../../field-types.js';
import { commonKeys } from './common.js';
import { shownValue } from '../../shown-value.js';
import { serverAddress } from './fields.js';
import { natsConnectionKeys, oneNatsLogin } from './nats-connection.js';

export const natsOutput = z
  .strictObject({
    type: z.literal('nats').describe('The kind of the output.'),
    ...commonKeys,
    servers: list(serverAddress(4222))
      .min(1, 'is empty; name a server as host:port')
      .describe('Servers of one cluster, as `host:port`.'),
    subject: choice(['log_id', 'rust'])
      .default('log_id')
      .describe(
        'Subjects of the messages. `log_id`: `<prefix>.<stream>.<LogID in base64url>`. `rust`: `<prefix>.<operator>.<log>`, as certstream-server-rust writes them.',
      ),
    subject_prefix: text()
      .default('certstream')
      .refine((value) => /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(value), {
        error: ({ input }) =>
          `${shownValue(input)} is not a subject; write tokens with dots between them, without spaces, * and >`,
      })
      .describe('First part of all subjects.'),
    body: choice(['json', 'json_lines'])
      .default('json')
      .describe(
        '`json`: one message for each entry. `json_lines`: one message for consecutive entries of a log, one JSON document per line; this takes a fraction of the CPU time of all sides.',
      ),
    max_batch_kb: integer(8, 65_536)
      .default(256)
      .describe(
        'Largest message of several entries in KiB, with `json_lines`; never more than `max_payload` of the server and `max_msg_size` of the stream.',
      ),
    jetstream: text()
      .default('CERTSTREAM')
      .refine((value) => /^[^\s.*>/\\]+$/.test(value), {
        error: ({ input }) =>
          `${shownValue(input)} is not the name of a stream; use letters, digits, - and _`,
      })
      .describe(
        'Stream of JetStream that stores the messages. It is created with `<prefix>.>` if no stream has these subjects.',
      ),
    max_gb: amount(0, 1_000_000)
      .default(8)
      .describe(
        'Size of a stream that is created, in GiB; the oldest messages are then dropped. 0: no limit.',
      ),
    duplicate_window_seconds: integer(1, 86_400)
      .default(900)
      .describe('Time in which a stream that is created drops messages with the same `Nats-Msg-Id`.'),
    replicas: integer(1, 5).default(1).describe('Replicas of a stream that is created.'),
    ...natsConnectionKeys,
  })
  .refine(...oneNatsLogin);
