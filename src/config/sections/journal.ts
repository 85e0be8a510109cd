import { z } from 'zod';

import { amount, choice, integer, text } from '../field-types.js';

export const journalSection = z
  .strictObject({
    store: choice(['memory', 'disk'])
      .default('memory')
      .describe(
        '`memory`: records are kept for the outputs that still need them. `disk`: records are kept in files, so that outputs lose nothing over restarts and long outages.',
      ),
    path: text().default('./journal').describe('Folder of the files of `store: disk`; one server each.'),
    max_mb: integer(1, 65_536)
      .default(8)
      .describe('Memory that the records of `store: memory` may take, MiB.'),
    max_gb: amount(0.1, 100_000).default(4).describe('Room on the disk that the files may take, GiB.'),
    max_hours: amount(0.1, 100_000)
      .default(24)
      .describe('Files whose records are all older are removed, unless an output still needs them.'),
    on_full: choice(['wait', 'skip'])
      .default('wait')
      .describe(
        'When outputs still need everything that there is room for: let the logs wait, and with them all clients, or drop the oldest records, which the outputs then miss.',
      ),
  })
  .describe('The journal of published entries, from which outputs are fed.');
