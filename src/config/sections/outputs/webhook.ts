import { z } from 'zod';

import { amount, choice, flag, httpUrl, integer } from '../../field-types.js';
import { commonKeys, secretKeys, tlsKeys } from './common.js';

export const webhookOutput = z.strictObject({
  type: z.literal('webhook').describe('The kind of the output.'),
  ...commonKeys,
  url: httpUrl().describe(
    'URL that gets the messages in the body of a POST. A status of 2xx acknowledges them.',
  ),
  body: choice(['json_lines', 'json_array'])
    .default('json_lines')
    .describe('`json_lines`: one message per line. `json_array`: one array of messages.'),
  max_messages: integer(1, 100_000).default(500).describe('Most messages of one request.'),
  max_batch_kb: integer(1, 1_000_000)
    .default(1024)
    .describe('Largest body in KiB. A larger message is sent alone.'),
  batch_seconds: amount(0, 3600)
    .default(1)
    .describe('Longest time for which messages wait for others of the same request.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Further headers of the requests, such as `{X-Tenant: soc}`.'),
  ...secretKeys('authorization', 'Value of the `Authorization` header, such as `Bearer <token>`.'),
  ...secretKeys('secret', 'Key of the HMAC-SHA-256 signature in the `X-Certstream-Signature` header.'),
  allow_private_addresses: flag()
    .default(false)
    .describe('Whether the URL may lead to private, local and reserved addresses.'),
  tls: tlsKeys,
});
