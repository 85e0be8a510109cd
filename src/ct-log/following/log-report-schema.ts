import { z } from 'zod';
import { LOG_VERDICT_CODES } from '../reporting/log-verdict.js';
import type { OwnLogReport } from './log-report.js';

const text = z.string();
const count = z.int().min(0);
const amount = z.number().min(0);

const gap = z.object({
  from: count,
  to: count,
  missing: count,
  since: text,
  reason: text,
  tries: count,
  skipped: z.boolean(),
});

/**
 * A report as another member sends it. Keys that a later version adds are left out. A version that gives a key other values sends its
 * reports under another topic as well, until no member of the version before is left.
 */
export const logReport: z.ZodType<OwnLogReport> = z.object({
  name: text,
  url: text,
  operator: text,
  type: z.enum(['rfc6962', 'tiled']),
  log_id: text.nullable(),
  state: z.enum(['starting', 'following', 'failing', 'stopped']),
  verdict: z.object({ level: z.enum(['good', 'busy', 'bad']), code: z.enum(LOG_VERDICT_CODES), text }),
  tree_size: count,
  streamed_index: count.nullable(),
  verified_index: count.nullable(),
  lag: count,
  catch_up_seconds: amount.nullable(),
  entries: z.object({ streamed: count, late: count, incomplete_chains: count, last_at: text.nullable() }),
  rates: z.object({ growth: amount.nullable(), delivery: amount.nullable(), falling_behind: z.boolean() }),
  latency_seconds: z.object({ p50: amount.nullable(), p99: amount.nullable() }),
  head: z
    .object({ tree_size: count, timestamp: text.nullable(), root_hash: text, stale: z.boolean() })
    .nullable(),
  verification: z.object({
    mode: z.enum(['off', 'warn', 'enforce']),
    state: z.enum(['off', 'starting', 'verified', 'broken']),
    reason: text.nullable(),
    since: text.nullable(),
    failures: count,
    proof_failures: count,
    unproven_entries: count,
    corrected_entries: count,
    mismatched_precertificates: count,
    mismatched_issuers: count,
    evidence_files: z.array(text),
  }),
  errors: count,
  last_error: z.object({ code: text, at: text }).nullable(),
  gaps: z.array(gap),
  missing_entries: count,
});
