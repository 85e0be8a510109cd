import { z } from 'zod';

import { text } from '../../field-types.js';
import { commonKeys, tlsKeys } from './common.js';
import { nsqdAddress } from './fields.js';

export const nsqOutput = z.strictObject({
  type: z.literal('nsq').describe('The kind of the output.'),
  ...commonKeys,
  address: nsqdAddress().describe(
    'The nsqd: `host:port` of its TCP protocol (4150), or `http://host:port` of its HTTP API (4151).',
  ),
  topic: text().default('certstream').describe('Topic of the messages.'),
  tls: tlsKeys,
});
