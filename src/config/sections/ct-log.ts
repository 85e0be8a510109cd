import { z } from 'zod';

import { amount, flag, headerText, integer } from '../field-types.js';
import { shownValue } from '../shown-value.js';

export const ctLogSection = z
  .strictObject({
    contact: headerText()
      .refine((value) => value === '' || /^([^\s@]+@[^\s@]+\.[^\s@]+|https?:\/\/[^\s]+)$/.test(value), {
        error: (issue) =>
          `${shownValue(issue.input)} is not a contact; use an e-mail address or an https:// URL`,
      })
      .default('')
      .describe(
        'E-mail address or URL of whoever runs this server, put into the User-Agent so that log operators can reach you.',
      ),
    user_agent: headerText().default('').describe('Replaces the whole User-Agent. Empty: a truthful one.'),
    poll_interval_seconds: amount(0.1, 3600)
      .default(5)
      .describe('Seconds between two questions for a tree head, at most; busy logs are asked as they grow.'),
    max_parallel_requests: integer(1, 64)
      .default(4)
      .describe(
        'Requests for entries of one log at the same time while it is behind. A log that keeps up is asked for one thing at a time.',
      ),
    max_in_flight_mb: integer(1, 65_536)
      .default(64)
      .describe(
        'MiB of entries of all logs together that may be fetched but not yet streamed; `buffer_sizes.dispatcher` bounds their number.',
      ),
    request_timeout_seconds: amount(0.1, 600)
      .default(30)
      .describe('Seconds that one request to a log may take.'),
    max_response_mb: amount(1, 1024)
      .default(64)
      .describe('Largest answer that is read, in MiB after decompression.'),
    compression: flag().default(true).describe('Offer gzip to the logs: less bandwidth, more CPU.'),
  })
  .describe('How the logs are asked.');
