import { z } from 'zod';
import type { OutputReport } from '../../outputs/output-report.js';
import { outputReport } from '../../outputs/output-report-schema.js';
import { LOG_VERDICT_CODES, type LogVerdict } from '../../ct-log/reporting/log-verdict.js';
import type { ErrorBody } from '../../web/json-response.js';
import type { CertificateDocument } from '../entry-document.js';
import type { ClusterDocument } from '../cluster.controller.js';
import type { LogDocument } from '../log-document.js';
import type { CalidogStats, LogsDocument, Stats } from '../stats.controller.js';
import { dataShape, leafCertShape, messageSchemas, source } from './message-schemas.js';
import type { All, SameType } from './same-type.js';

const count = () => z.int().min(0);

export const logVerdict = z
  .object({
    level: z
      .enum(['good', 'busy', 'bad'])
      .describe('busy: it ends without help. bad: a problem for the operator.'),
    code: z.enum(LOG_VERDICT_CODES).describe('For programs; docs/logs.md explains the codes.'),
    text: z.string().describe('For people.'),
  })
  .describe('Where the log stands, in words.');

const errorBody = z.object({
  error: z.string().describe('A sentence for people.'),
  code: z.string().describe('Stable; docs/errors.md lists the codes.'),
});

const certificate = z.object({
  ...leafCertShape,
  ...dataShape,
  source: z.string().describe('Name of the log.'),
  log: source,
});

const log = z.object({
  name: z.string(),
  url: z.string(),
  operator: z.string(),
  status: z
    .enum(['healthy', 'degraded', 'unhealthy'])
    .describe(
      'healthy: the log is followed. degraded: it starts, falls behind, has an old tree head, or its verification is broken. unhealthy: its last request failed.',
    ),
  current_index: count().describe('All entries before this index were streamed.'),
  tree_size: count(),
  total_errors: count(),
  last_success: z.int().nullable().describe('When the last entry was streamed, in Unix seconds.'),
});

const logs = z.object({
  total_logs: count(),
  healthy: count(),
  degraded: count(),
  unhealthy: count(),
  logs: z.array(log),
});

const stats = z.object({
  version: z.string(),
  uptime_seconds: count(),
  connections: z.object({
    total: count(),
    websocket: count(),
    sse: count(),
    full: count(),
    lite: count(),
    domains: count(),
  }),
  throughput: z.object({
    messages_sent: count(),
    messages_dropped: count(),
    certificates_processed: count(),
    precertificates: count(),
    bytes_sent: count(),
    bytes_serialized: count(),
  }),
  memory: z
    .object({ cache_entries: count(), cache_capacity: count() })
    .describe(
      'The entries that `/api/cert` has indexed, none before its first request, and how many it can index.',
    ),
});

const calidogStats = z.object({
  processed_certificates: count(),
  current_users: z
    .record(z.string(), z.object({ stream: z.string(), messages: count() }))
    .describe('One member for each client, at most 1,000.'),
  workers: z.record(z.string(), count()).describe('Streamed entries of each log by its URL.'),
});

const time = () => z.string().describe('ISO 8601 in UTC.');

const leases = z.array(
  z.object({
    unit: z.string(),
    member: z.string().nullable().describe('Id; null while no live member does it.'),
  }),
);

const cluster = z.object({
  self: z.string().describe('Id of the member that answers.'),
  members: z
    .array(
      z.object({
        id: z.string(),
        name: z.string(),
        role: z.enum(['all', 'ingest', 'gateway']),
        version: z.string(),
        started: time().nullable(),
        logs: count().describe('Number of logs that it follows.'),
        lag: z
          .object({ records: count(), seconds: z.number().min(0) })
          .nullable()
          .describe('What it has not read of the stream; null until it has said it.'),
      }),
    )
    .describe('The live members.'),
  leases: z
    .object({ logs: leases, outputs: leases })
    .describe('Which member follows which logs and runs which output.'),
  connection: z.object({
    connected: z.boolean(),
    silent_seconds: z
      .number()
      .min(0)
      .describe('Since the stream has answered; it is asked every two seconds.'),
  }),
  lag: z
    .object({ records: count(), seconds: z.number().min(0) })
    .describe('What this member has not read of the stream.'),
  stream: z
    .object({ first: count(), last: count(), bytes: count(), oldest: time().nullable() })
    .describe('Numbers of the first and the last record, and the time of the first one.'),
});

/** Schemas of the answers of pages, by name. */
export const pageSchemas = {
  error_body: errorBody.describe('Answer to a request that the server cannot fulfil.'),
  certificate: certificate.describe('A certificate of the journal with the entry that it was last seen in.'),
  logs: logs.describe('Every followed log in short.'),
  log_reports: z
    .object({
      logs: z.array(
        z.looseObject({ name: z.string(), url: z.string(), state: z.string(), verdict: logVerdict }),
      ),
    })
    .describe('Every followed log in full (docs/logs.md).'),
  outputs: z
    .object({ outputs: z.array(outputReport) })
    .describe('The outputs with their positions, backlogs, last errors and counts.'),
  cluster: cluster.describe('The cluster as the member that answers sees it.'),
  stats: stats.describe('Figures of the whole server; counts are since the start.'),
  calidog_stats: calidogStats.describe('Figures in the form of the CaliDog server.'),
  live_body: z.object({ status: z.literal('live') }).describe('The process is alive.'),
  readiness: z
    .looseObject({ status: z.enum(['ready', 'not ready']) })
    .describe('Whether every health indicator is ready, with their details.'),
  latest: z
    .object({ messages: z.array(messageSchemas['certificate_update.lite']) })
    .describe('The newest lite messages, newest first.'),
} as const;

/** The compiler refuses a schema that differs from the type of its page. */
export type PageSchemasAgree = All<
  [
    SameType<z.infer<typeof errorBody>, ErrorBody>,
    SameType<z.infer<typeof certificate>, CertificateDocument>,
    SameType<z.infer<typeof log>, LogDocument>,
    SameType<z.infer<typeof logs>, LogsDocument>,
    SameType<z.infer<typeof logVerdict>, LogVerdict>,
    SameType<z.infer<typeof outputReport>, OutputReport>,
    SameType<z.infer<typeof cluster>, ClusterDocument>,
    SameType<z.infer<typeof stats>, Stats>,
    SameType<z.infer<typeof calidogStats>, CalidogStats>,
  ]
>;
