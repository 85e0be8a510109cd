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
        'Your e-mail address or URL. The User-Agent contains it, so that log operators can reach you.',
      ),
    user_agent: headerText()
      .default('')
      .describe('Replaces the whole User-Agent. Empty: the name and version of this server, with `contact`.'),
    poll_interval_seconds: amount(0.1, 3600)
      .default(5)
      .describe(
        'Longest time between two requests for the tree head of a log, in seconds. The server polls a growing log more often, depending on its growth. For a log that has not grown for a minute, the bound is 1.8 times as long.',
      ),
    max_parallel_requests: integer(1, 64)
      .default(8)
      .describe(
        'Most requests for entries of one log at the same time while the server catches up with it. Several run at the same time only when answers take long. While the server keeps up with a log, it sends one request at a time.',
      ),
    max_in_flight_mb: integer(1, 65_536)
      .default(64)
      .describe(
        'Most MiB of entries and issuers, of all logs together, that may be fetched but not yet streamed; `buffer_sizes.dispatcher` bounds the number of entries. The logs of one operator never use more than they leave free, and each log may always use a 32nd of the total.',
      ),
    data_tile_logs: list(logUrlPattern())
      .default([])
      .describe(
        'RFC 6962 logs of the log list that also serve `/tile/data/` and `/issuer/` of static-ct-api under their URL. `*` matches any text, as in `https://ct2026-*.example.com/log*`.',
      ),
    max_requests_per_second: amount(0.1, 100_000)
      .default(200)
      .describe(
        'Most requests per second to the logs of one operator. Below this bound, the server finds the rate that the operator tolerates.',
      ),
    catch_up_entries_per_second: integer(0, 10_000_000)
      .default(5000)
      .describe(
        'Most entries per second, over all logs that the server catches up with. The limit spares slow clients and does not delay the other logs. It must exceed the growth of all logs together. 0: as fast as the logs allow.',
      ),
    max_connections_per_origin: integer(2, 1024)
      .default(16)
      .describe(
        'Most connections to one host at the same time. Within `max_connections`, each log on the host may always have one connection for tree heads and one for entries; of the remaining connections, a log takes no more than it leaves free.',
      ),
    max_connections: integer(8, 65_536)
      .default(1024)
      .describe(
        'Most connections to all logs together; further requests wait in turn. If a host has no connection, or fewer than another one, that one gives it a connection after a response.',
      ),
    connection_reuse: flag()
      .default(true)
      .describe('Keep connections open for later requests. False: a new connection for every request.'),
    no_connection_reuse_operators: list(nameText())
      .default([])
      .describe(
        'Operators, by their names in the log list, whose logs get a new connection for every request.',
      ),
    request_timeout_seconds: amount(0.1, 600)
      .default(30)
      .describe(
        'Longest time until the answer to a request begins, in seconds, including the time to connect. The body may take longer, up to ten minutes, if at least 1 KiB per second arrives.',
      ),
    max_response_mb: amount(1, 1024)
      .default(64)
      .describe('Largest answer that the server reads, in MiB after decompression.'),
    verification: choice(['off', 'warn', 'enforce'])
      .default('warn')
      .describe(
        'Whether entries are checked against the Merkle trees that the logs sign. `warn`: the server streams entries at once, checks them right afterwards and reports mismatches. `enforce`: the server streams only entries that are proven. `off`: the server does not check entries.',
      ),
    evidence_dir: text()
      .default('')
      .describe(
        'Folder for evidence against logs that contradict themselves: their signed tree heads, as JSON. Empty: the folder `ct_evidence` beside `general.recovery.ct_index_file`.',
      ),
    compression: flag().default(true).describe('Offer gzip to the logs: less bandwidth, more CPU.'),
  })
  .describe('How the server fetches from the logs.');
