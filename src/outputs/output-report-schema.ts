import { z } from 'zod';
import { OUTPUT_VERDICT_CODES } from './output-verdict.js';

const count = () => z.int().min(0);
const time = () => z.string().describe('ISO 8601 in UTC.');

/**
 * Report on an output as another member of the cluster sends it. Keys that a later version adds are left out. A version that gives a key
 * other values sends its reports under another topic as well, until no member of the version before is left.
 */
export const ownOutputReport = z.object({
  name: z.string(),
  type: z.string().nullable().describe('Kind of the output; null for an output of a module.'),
  required: z.boolean().describe('Whether `/readyz` fails while this output has failed for a minute.'),
  verdict: z
    .object({ level: z.enum(['good', 'busy', 'bad']), code: z.enum(OUTPUT_VERDICT_CODES), text: z.string() })
    .describe('Where the output stands, in words.'),
  position: z.object({
    seq: count().describe('Number of the last record that was acknowledged.'),
    time: time().describe('All entries that the server received before are acknowledged or skipped.'),
    cursor: z.string().describe('The place after that record, for `?since=` and `outputs reset`.'),
  }),
  backlog: z
    .object({ records: count(), entries: count(), bytes: count(), seconds: z.number().min(0) })
    .describe('What is not acknowledged; entries and bytes within half a percent.'),
  failing_since: time().nullable(),
  last_error: z
    .object({ code: z.string(), message: z.string().nullable(), time: time() })
    .nullable()
    .describe('The message is null for access tokens that do not open all entries.'),
  last_acknowledgement: time().nullable(),
  counts: z
    .object({
      acknowledged_records: count(),
      acknowledged_entries: count(),
      repeated_entries: count(),
      failures: count(),
      refused_messages: count(),
      skipped_records: count(),
    })
    .describe('Since the start of the server; in a cluster since the member runs the output.'),
});

/** Report on an output in `/api/outputs`. */
export const outputReport = ownOutputReport.extend({
  member: z
    .string()
    .nullable()
    .describe('Name of the member of the cluster that runs the output; null without a cluster.'),
});
