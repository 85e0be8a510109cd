import { z } from 'zod';

import { amount, choice, flag, secretUrl, integer } from '../../field-types.js';
import { commonKeys, secretKeys, tlsKeys } from './common.js';

/** Headers that the server writes itself, or that belong to the connection. */
const OWN_HEADERS =
  /^(authorization|connection|content-.*|ce-.*|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|x-certstream-.*)$/i;
const MAX_HEADERS = 50;
const MAX_VALUE = 4096;

/** Messages about headers do not show the values, which may be secrets. */
const headers = z
  .record(
    z.string(),
    z.string('is not a text; put it into quotes'),
    'is not a mapping such as {X-Tenant: soc}',
  )
  .superRefine((value, context) => {
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const names = Object.keys(value);
    if (names.length > MAX_HEADERS) problem([], `has more than ${MAX_HEADERS} headers; remove some`);
    for (const name of names) {
      if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/.test(name))
        problem([name], 'is not the name of an HTTP header');
      else if (/^authorization$/i.test(name)) problem([name], 'has keys of its own; use authorization_file');
      else if (OWN_HEADERS.test(name)) problem([name], 'is written by the server; remove it');
      if (names.some((other) => other !== name && other.toLowerCase() === name.toLowerCase()))
        problem([name], 'is there twice; header names do not distinguish upper and lower case');
      if (!/^[\x20-\x7e]*$/.test(value[name]) || value[name].length > MAX_VALUE)
        problem([name], `is not fit for an HTTP header; use at most ${MAX_VALUE} printable ASCII characters`);
    }
  });

export const webhookOutput = z.strictObject({
  type: z.literal('webhook').describe('The kind of the output.'),
  ...commonKeys,
  url: secretUrl().describe(
    'URL that gets the messages in the body of a POST. A status of 2xx acknowledges them.',
  ),
  body: choice(['json_lines', 'json_array', 'cloudevents'])
    .default('json_lines')
    .describe(
      '`json_lines`: one message per line. `json_array`: one array of messages. `cloudevents`: one array of CloudEvents (JSON batch format).',
    ),
  compression: choice(['none', 'gzip']).default('none').describe('Compression of the body.'),
  max_messages: integer(1, 100_000)
    .default(500)
    .describe(
      'Most messages of one request. With 1 and `json_lines`, the headers contain the attributes of CloudEvents.',
    ),
  max_batch_kb: integer(1, 1_000_000)
    .default(1024)
    .describe('Largest body in KiB, before compression. A larger message is sent alone.'),
  batch_seconds: amount(0, 3600)
    .default(1)
    .describe(
      'Longest time for which messages wait for others of the same request. They also go out after 32 MiB of entries.',
    ),
  headers: headers.default({}).describe('Further headers of the requests, such as `{X-Tenant: soc}`.'),
  ...secretKeys('authorization', 'Value of the `Authorization` header, such as `Bearer <token>`.'),
  ...secretKeys('secret', 'Key of the HMAC-SHA-256 signature in the `X-Certstream-Signature` header.'),
  allow_private_addresses: flag()
    .default(false)
    .describe('Whether the URL may lead to private, local and reserved addresses.'),
  tls: tlsKeys,
});
