import { z } from 'zod';

import { amount, choice, integer, text } from '../field-types.js';

export const journalSection = z
  .strictObject({
    store: choice(['memory', 'disk'])
      .default('memory')
      .describe(
        '`memory`: the journal keeps the newest records in memory. `disk`: the journal keeps records in files, so that outputs and clients that reconnect lose nothing over restarts and long outages.',
      ),
    path: text()
      .default('./journal')
      .describe('Folder for the files of `store: disk`. Each server needs its own folder.'),
    max_mb: integer(1, 65_536)
      .default(8)
      .describe(
        'Most memory for the records of `store: memory`, in MiB. Real logs take about 2 KiB per entry.',
      ),
    max_gb: amount(0.1, 100_000).default(4).describe('Most disk space for the files, in GiB.'),
    max_hours: amount(0.1, 100_000)
      .default(24)
      .describe(
        'Age of records in hours after which the server removes their file, unless an output still needs it.',
      ),
    on_full: choice(['wait', 'skip'])
      .default('wait')
      .describe(
        'What happens when the journal is full of records that outputs still need. `wait`: the logs wait, and with them all clients. `skip`: the oldest records are dropped, and the outputs miss them.',
      ),
  })
  .describe(
    'The journal of published entries. Outputs read their entries from it, and clients get from it what they missed (`?since=`).',
  );
