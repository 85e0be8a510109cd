import { z } from 'zod';

import { amount, choice, duration, flag, integer, list, logUrl, publicKey, text } from '../field-types.js';

const additionalLog = z.strictObject({
  url: logUrl().describe('Base URL of the log; `https://` is assumed where the scheme is missing.'),
  operator: text().default('Unknown').describe('Who runs the log, as shown in `source.operator`.'),
  description: text().default('').describe('Name of the log, as shown in `source.name`.'),
  key: publicKey()
    .default('')
    .describe(
      'Public key of the log: base64 of the DER SubjectPublicKeyInfo. Empty: its tree heads are not verified.',
    ),
});

const additionalRfc6962Log = additionalLog.extend({
  data_tiles: flag()
    .default(false)
    .describe(
      'The log also serves `/tile/data/` and `/issuer/` of static-ct-api under this URL: full tiles are read from there.',
    ),
});

const additionalTiledLog = additionalLog.extend({
  url: logUrl().describe('Monitoring prefix of the log; `https://` is assumed where the scheme is missing.'),
  submission_url: logUrl(true)
    .default('')
    .describe('Submission prefix, whose host and path are the checkpoint origin. Empty: not checked.'),
});

const excludedLog = z
  .strictObject({
    operator: text().default('').describe('Excludes all logs of this operator.'),
    url: logUrl(true).default('').describe('Excludes the log with this base URL.'),
  })
  .refine((value) => value.operator !== '' || value.url !== '', {
    error: 'excludes nothing; give it an operator or a url',
  });

const bufferSizes = z
  .strictObject({
    websocket: integer(1, 1_000_000)
      .default(300)
      .describe(
        'Messages that may wait for one client besides those that came last; stream.slow_client says what happens to more.',
      ),
    ctlog: integer(1, 10_000_000)
      .default(2048)
      .describe('Entries of one log that may be asked for or fetched but not yet streamed.'),
    dispatcher: integer(1, 10_000_000)
      .default(10000)
      .describe('The same over all logs together. `broadcastmanager` is accepted as its older name.'),
  })
  .describe('Bounds of the buffers. Smaller ones save memory on small machines.');

const recovery = z
  .strictObject({
    enabled: flag()
      .default(false)
      .describe(
        'Save the position in each log and resume there after a restart. Logs without one start at their head.',
      ),
    ct_index_file: text()
      .default('./ct_index.json')
      .describe(
        "The Go server's file of positions: taken over when there is no `state_file` yet or when it was written since, and kept up to date for a way back.",
      ),
    state_file: text()
      .default('')
      .describe(
        'File for positions, verified trees, newest tree heads and gaps. Empty: beside `ct_index_file`, named with `state` for `index`.',
      ),
    issuer_file: text()
      .default('')
      .describe(
        'File for the issuer certificates that tiled logs served, so that a restart does not ask for them again. Empty: beside `ct_index_file`, named with `issuers` for `index`.',
      ),
    start: choice(['index', 'head'])
      .default('index')
      .describe(
        '`index`: go on at the saved positions. `head`: begin at the current heads; what came in between is skipped, and shown as a gap.',
      ),
    max_age: duration()
      .default('')
      .describe(
        'Saved positions older than this are not resumed, for example `36h` or `7d`; those logs begin at their head as with `start: head`. Empty: any age.',
      ),
    gap_after_tries: integer(1, 1_000_000)
      .default(10)
      .describe(
        'Failed tries after which a range is left out for now, if the log delivers entries after it.',
      ),
    gap_after_minutes: amount(0, 100_000)
      .default(15)
      .describe('Minutes that those tries last at least. The range is then a gap, which is asked for again.'),
    gap_retry_seconds: amount(0.1, 86400)
      .default(60)
      .describe(
        'Pause before a range that a log did not deliver is asked for again; doubled with each try, up to six hours.',
      ),
  })
  .describe('Resuming after a restart.');

export const generalSection = z
  .strictObject({
    disable_default_logs: flag()
      .default(false)
      .describe('Follow only the logs named below, none of the log list.'),
    additional_logs: list(additionalRfc6962Log)
      .default([])
      .describe('RFC 6962 logs to follow beside those of the log list.'),
    additional_tiled_logs: list(additionalTiledLog)
      .default([])
      .describe('static-ct-api (tiled) logs to follow beside those of the log list.'),
    excluded_logs: list(excludedLog).default([]).describe('Logs of the log list that are not followed.'),
    buffer_sizes: bufferSizes.prefault({}),
    drop_old_logs: flag().default(true).describe('Stop following logs that leave the log list or retire.'),
    recovery: recovery.prefault({}),
  })
  .describe('Which logs are followed, and how.');
