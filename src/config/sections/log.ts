import { z } from 'zod';

import { choice } from '../field-types.js';

export const logSection = z
  .strictObject({
    level: choice(['error', 'warn', 'info', 'debug'])
      .default('info')
      .describe('Least severe level that the server writes.'),
    format: choice(['text', 'json'])
      .default('text')
      .describe('`text` for people, `json` for machines: one object per line.'),
  })
  .describe('The log output of this server.');
