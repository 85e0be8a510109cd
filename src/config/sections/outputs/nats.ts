import { z } from 'zod';

import { amount, choice, integer, list, text } from '../../field-types.js';
import { commonKeys, secretKeys, tlsKeys } from './common.js';
import { serverAddress } from './fields.js';

export const natsOutput = z.strictObject({
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
  subject_prefix: text().default('certstream').describe('First part of all subjects.'),
  jetstream: text()
    .default('CERTSTREAM')
    .describe(
      'Stream of JetStream that stores the messages. It is created with `<prefix>.>` if no stream has these subjects.',
    ),
  max_gb: amount(0, 1_000_000)
    .default(8)
    .describe('Size of a stream that is created, in GiB; the oldest messages are then dropped. 0: no limit.'),
  duplicate_window_seconds: integer(0, 86_400)
    .default(900)
    .describe('Time in which a stream that is created drops messages with the same `Nats-Msg-Id`.'),
  replicas: integer(1, 5).default(1).describe('Replicas of a stream that is created.'),
  username: text().default('').describe('Name of the user, for servers with passwords.'),
  ...secretKeys('password', 'Password of the user.'),
  ...secretKeys('token', 'Token, for servers with tokens.'),
  ...secretKeys('nkey_seed', 'Seed of an NKey.'),
  credentials_file: text().default('').describe('File with the JWT and the seed of a user (`.creds`).'),
  tls: tlsKeys,
});
