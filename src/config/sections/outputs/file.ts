import { z } from 'zod';

import { amount, choice, integer, text } from '../../field-types.js';
import { commonKeys } from './common.js';

export const fileOutput = z.strictObject({
  type: z.literal('file').describe('The kind of the output.'),
  ...commonKeys,
  path: text().describe('Folder for the files. Each output needs its own folder.'),
  compression: choice(['none', 'gzip', 'zstd'])
    .default('none')
    .describe('Compression of the files. `zstd` needs Node 22.15 or newer.'),
  rotate_minutes: integer(1, 100_000)
    .default(60)
    .describe('A new file begins at every multiple of this time, in UTC.'),
  rotate_mb: integer(1, 1_000_000)
    .default(256)
    .describe('A new file begins above this size of the text, in MiB.'),
  keep_gb: amount(0, 1_000_000)
    .default(0)
    .describe(
      'Size of the finished files, in GiB, above which the oldest ones are removed. 0: all are kept.',
    ),
});
