import { z } from 'zod';

import { choice, integer, list, text } from '../../field-types.js';
import { commonKeys, secretKeys, tlsKeys } from './common.js';
import { serverAddress } from './fields.js';

const sasl = z
  .strictObject({
    mechanism: choice(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).describe('The mechanism of the broker.'),
    username: text().describe('Name of the user.'),
    ...secretKeys('password', 'Password of the user.'),
  })
  .optional()
  .describe('Authentication. Without this mapping, the server does not authenticate.');

export const kafkaOutput = z.strictObject({
  type: z.literal('kafka').describe('The kind of the output.'),
  ...commonKeys,
  brokers: list(serverAddress(9092))
    .min(1, 'is empty; name a broker as host:port')
    .describe('Brokers to begin with, as `host:port`. The others are found through them.'),
  topic: text()
    .default('certstream')
    .describe('Topic of the messages. It must exist, or the brokers must create it.'),
  key: choice(['log', 'domain', 'sha256', 'none'])
    .default('log')
    .describe(
      'Key of the messages, which chooses the partition. `log` keeps the order of each log, `domain` is the first domain, `sha256` the fingerprint of the certificate; with `none`, all partitions are used in turn.',
    ),
  compression: choice(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    .default('none')
    .describe('Compression of the batches. `zstd` needs Node 22.15 or newer.'),
  max_batch_kb: integer(1, 1_000_000)
    .default(900)
    .describe(
      'Largest request in KiB before compression, at most `max.message.bytes` of the topic. A larger message is sent alone.',
    ),
  tls: tlsKeys,
  sasl,
});
