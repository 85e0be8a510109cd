import { z } from 'zod';

import { integer, text } from '../../field-types.js';
import { shownValue } from '../../shown-value.js';
import { commonKeys, tlsKeys } from './common.js';
import { nsqdAddress } from './fields.js';

export const nsqOutput = z.strictObject({
  type: z.literal('nsq').describe('The kind of the output.'),
  ...commonKeys,
  address: nsqdAddress().describe(
    'The nsqd: `host:port` of its TCP protocol (4150), or `http://host:port` of its HTTP API (4151).',
  ),
  topic: text()
    .refine((value) => /^[.a-zA-Z0-9_-]+(#ephemeral)?$/.test(value) && value.length <= 64, {
      error: ({ input }) => `${shownValue(input)} is not a topic; use at most 64 letters, digits and . _ -`,
    })
    .default('certstream')
    .describe('Topic of the messages. nsqd creates it.'),
  max_message_kb: integer(1, 1_000_000)
    .default(1024)
    .describe('Largest message in KiB, at most `--max-msg-size` of nsqd. Larger ones become dead letters.'),
  max_batch_kb: integer(1, 1_000_000)
    .default(5120)
    .describe('Largest request in KiB, at most `--max-body-size` of nsqd.'),
  tls: tlsKeys,
});
