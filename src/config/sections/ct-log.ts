import { z } from 'zod';

import {
  amount,
  choice,
  flag,
  headerText,
  integer,
  list,
  logUrlPattern,
  nameText,
  text,
} from '../field-types.js';
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
        'E-mail address or URL of the operator of this server. It is put into the User-Agent, so that log operators can reach you.',
      ),
    user_agent: headerText().default('').describe('Replaces the whole User-Agent. Empty: a truthful one.'),
    poll_interval_seconds: amount(0.1, 3600)
      .default(5)
      .describe(
        'Seconds between two questions for a tree head, at most; busy logs are asked as they grow, one that has not grown for a minute every 1.8 times as long.',
      ),
    max_parallel_requests: integer(1, 64)
      .default(8)
      .describe(
        'Requests for entries of one log at the same time while it is behind, at most: only when its answers take long there are several. A log that keeps up is asked for one thing at a time.',
      ),
    max_in_flight_mb: integer(1, 65_536)
      .default(64)
      .describe(
        'MiB of entries and issuers of all logs together that may be fetched but not yet streamed; `buffer_sizes.dispatcher` bounds the number of entries. The logs of one operator take no more than they leave free, and each log may always fetch a 32nd of it.',
      ),
    data_tile_logs: list(logUrlPattern())
      .default([])
      .describe(
        'RFC 6962 logs of the log list that also serve `/tile/data/` and `/issuer/` of static-ct-api under their URL; `*` stands for anything, as in `https://ct2026-*.example.com/log*`.',
      ),
    max_requests_per_second: amount(0.1, 100_000)
      .default(200)
      .describe(
        'Most requests per second to the logs of one operator. Below that the rate is found that the operator tolerates.',
      ),
    catch_up_entries_per_second: integer(0, 10_000_000)
      .default(5000)
      .describe(
        'Entries per second, over all logs that are behind, while they catch up: slow clients then lose less, and logs that keep up are not held up. It has to be more than all logs grow by. 0: as fast as the logs allow.',
      ),
    max_connections_per_origin: integer(2, 1024)
      .default(16)
      .describe(
        'Connections to one host at the same time. Logs that share it may always have one each for tree heads and one for entries; of the others no log takes more than it leaves free.',
      ),
    connection_reuse: flag()
      .default(true)
      .describe('Keep connections open for the next request. False: one connection per request.'),
    no_connection_reuse_operators: list(nameText())
      .default([])
      .describe('Operators, by their name in the log list, whose logs get one connection per request.'),
    request_timeout_seconds: amount(0.1, 600)
      .default(30)
      .describe(
        'Seconds until the answer to a request begins, connecting included. Its body may take longer, up to ten minutes, as long as it brings 1 KiB per second.',
      ),
    max_response_mb: amount(1, 1024)
      .default(64)
      .describe('Largest answer that is read, in MiB after decompression.'),
    verification: choice(['off', 'warn', 'enforce'])
      .default('warn')
      .describe(
        'Whether entries are checked against the Merkle trees that the logs sign. `warn`: entries are streamed at once and checked right after that, and mismatches are reported. `enforce`: only proven entries are streamed. `off`: entries are not checked.',
      ),
    evidence_dir: text()
      .default('')
      .describe(
        'Folder for evidence of logs that contradict themselves: the signed tree heads, as JSON. Empty: `ct_evidence` beside `general.recovery.ct_index_file`.',
      ),
    compression: flag().default(true).describe('Offer gzip to the logs: less bandwidth, more CPU.'),
  })
  .describe('How the logs are asked.');
