import { z } from 'zod';

import { amount, choice, duration, flag, integer, list, logUrl, publicKey, text } from '../field-types.js';

const additionalLog = z.strictObject({
  url: logUrl().describe('Base URL of the log. A URL without a scheme gets `https://`.'),
  operator: text().default('Unknown').describe('Operator of the log, as shown in `source.operator`.'),
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
      'Whether the log also serves `/tile/data/` and `/issuer/` of static-ct-api under this URL. The server then reads full tiles from there.',
    ),
});

const additionalTiledLog = additionalLog.extend({
  url: logUrl().describe('Monitoring prefix of the log. A URL without a scheme gets `https://`.'),
  submission_url: logUrl(true)
    .default('')
    .describe(
      'Submission prefix of the log; its host and path are the checkpoint origin. Empty: the origin is not checked.',
    ),
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
        'Most messages that may wait for one client, in addition to the newest batch. `stream.slow_client` says what happens when there are more.',
      ),
    ctlog: integer(1, 10_000_000)
      .default(2048)
      .describe('Most entries of one log that may be requested or fetched but not yet streamed.'),
    dispatcher: integer(1, 10_000_000)
      .default(10000)
      .describe('The same for all logs together. The older name `broadcastmanager` is accepted.'),
  })
  .describe('Bounds of the buffers. Smaller ones save memory on small machines.');

const recovery = z
  .strictObject({
    enabled: flag()
      .default(false)
      .describe(
        'Save the position in each log and resume there after a restart. Logs without a saved position start at their head.',
      ),
    ct_index_file: text()
      .default('./ct_index.json')
      .describe(
        'File of positions in the format of the Go server. The server reads it when there is no `state_file`, or when another program has changed it since the last save. The server keeps it up to date, so that you can go back to the Go server.',
      ),
    state_file: text()
      .default('')
      .describe(
        'File for positions, verified trees, newest tree heads and gaps. Empty: a file beside `ct_index_file`, with `state` in place of `index` in its name.',
      ),
    issuer_file: text()
      .default('')
      .describe(
        'File for the issuer certificates that tiled logs served, so that the server need not fetch them again after a restart. Empty: a file beside `ct_index_file`, with `issuers` in place of `index` in its name.',
      ),
    start: choice(['index', 'head'])
      .default('index')
      .describe(
        '`index`: continue at the saved positions. `head`: begin at the current heads; the entries in between are skipped and shown as a gap. In a cluster, logs continue where it has left them, so `head` has no effect.',
      ),
    max_age: duration()
      .default('')
      .describe(
        'Greatest age of a saved position, for example `36h` or `7d`. Logs with an older position begin at their head, as with `start: head`. Empty: any age.',
      ),
    gap_after_tries: integer(1, 1_000_000)
      .default(10)
      .describe(
        'Failed tries after which the server leaves out a range for now, if the log delivers later entries.',
      ),
    gap_after_minutes: amount(0, 100_000)
      .default(15)
      .describe(
        'Shortest time that these tries take, in minutes. The range is then a gap, and the server requests it again later.',
      ),
    gap_retry_seconds: amount(0.1, 86400)
      .default(60)
      .describe(
        'Seconds until the server requests a gap again. The pause doubles with each try, up to six hours.',
      ),
  })
  .describe('How the server resumes after a restart.');

export const generalSection = z
  .strictObject({
    disable_default_logs: flag()
      .default(false)
      .describe('Follow only the logs named below and no log of the log list.'),
    additional_logs: list(additionalRfc6962Log)
      .default([])
      .describe('RFC 6962 logs to follow in addition to those of the log list.'),
    additional_tiled_logs: list(additionalTiledLog)
      .default([])
      .describe('static-ct-api (tiled) logs to follow in addition to those of the log list.'),
    excluded_logs: list(excludedLog)
      .default([])
      .describe('Logs of the log list that the server does not follow.'),
    buffer_sizes: bufferSizes.prefault({}),
    drop_old_logs: flag()
      .default(true)
      .describe('Stop following a log that leaves the log list or becomes retired.'),
    recovery: recovery.prefault({}),
  })
  .describe('Which logs the server follows, and how.');
