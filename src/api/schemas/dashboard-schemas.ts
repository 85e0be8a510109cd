import { z } from 'zod';
import type { DashboardConfig, DashboardData } from '../../dashboard/dashboard-data.js';
import { logVerdict } from './page-schemas.js';
import type { All, SameType } from './same-type.js';

const count = () => z.int().min(0);
const figure = () => z.number().min(0).nullable();
const time = () => z.number().describe('Milliseconds since the epoch.');
const values = () => z.array(z.number().nullable());

const config = z.object({
  streams: z
    .object({ full: z.string(), lite: z.string(), domains: z.string(), sse: z.string() })
    .describe('Paths of the streams.'),
  tokens_required: z.boolean(),
  api: z.boolean().describe('Whether the server has the pages below `/api`.'),
});

const delay = z
  .object({ count: count(), p50: figure(), p99: figure() })
  .describe('Upper bounds in seconds; null with a `count` above 0 for a longer delay than is measured.');

const verdict = logVerdict.extend({ code: z.string().describe('For programs.') });

const log = z.object({
  name: z.string(),
  url: z.string(),
  operator: z.string(),
  type: z.enum(['rfc6962', 'tiled']),
  state: z.enum(['starting', 'following', 'failing', 'stopped']),
  verdict,
  tree_size: count(),
  streamed_index: count().nullable(),
  verified_index: count().nullable(),
  lag: count(),
  rates: z.object({ growth: z.number().nullable(), delivery: z.number().nullable() }),
  catch_up_seconds: figure(),
  head_ms: z.number().nullable(),
  last_entry_ms: z.number().nullable(),
  verification: z.enum(['off', 'starting', 'verified', 'broken']),
  missing_entries: count(),
  last_error: z.object({ code: z.string(), at_ms: time() }).nullable(),
  member: z.string().nullable(),
});

const cluster = z.object({
  self: z.string(),
  connected: z.boolean(),
  members: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      role: z.enum(['all', 'ingest', 'gateway']),
      version: z.string(),
      started_ms: time(),
      logs: count(),
      outputs: count(),
      lag: z.object({ records: count(), seconds: z.number().min(0) }).nullable(),
    }),
  ),
});

const stream = z.object({
  stream: z.enum(['full', 'lite', 'domains']),
  websocket_clients: count(),
  sse_clients: count(),
  rates: z.object({ messages: figure(), bytes: figure(), dropped: figure() }),
  dropped: count(),
  waiting_clients: count(),
  queued_messages: count(),
  queued_bytes: count(),
});

const client = z.object({
  id: count(),
  stream: z.enum(['full', 'lite', 'domains']),
  transport: z.enum(['websocket', 'sse']),
  messages: count(),
  dropped: count(),
  queued_messages: count(),
  queued_bytes: count(),
});

const output = z.object({
  name: z.string(),
  type: z.string().nullable(),
  required: z.boolean(),
  verdict,
  backlog: z.object({ records: count(), entries: count(), bytes: count(), seconds: z.number().min(0) }),
  failing_since_ms: z.number().nullable(),
  last_error: z.object({ code: z.string(), message: z.string().nullable(), at_ms: time() }).nullable(),
  last_acknowledgement_ms: z.number().nullable(),
  acknowledged_entries: count(),
  failures: count(),
  skipped_records: count(),
  member: z.string().nullable(),
});

const process = z.object({
  cpu: figure(),
  memory: z.object({
    rss_bytes: count(),
    heap_used_bytes: count(),
    heap_total_bytes: count(),
    external_bytes: count(),
  }),
  event_loop: z.object({ utilization: figure(), delay_p50_ms: figure(), delay_p99_ms: figure() }),
  time: z.object({ javascript: figure(), garbage_collection: figure(), other_threads: figure() }),
});

const history = z
  .object({
    server: z.object({
      interval_ms: count(),
      times_ms: z.array(z.number()),
      entries_per_second: values(),
      head_to_feed_p50: values(),
      head_to_feed_p99: values(),
      feed_to_socket_p50: values(),
      feed_to_socket_p99: values(),
      cpu: values(),
      event_loop_utilization: values(),
      rss_bytes: values(),
    }),
    logs: z.object({
      interval_ms: count(),
      times_ms: z.array(z.number()),
      of: z.record(z.string(), z.object({ tree_size: values(), streamed_index: values() })),
    }),
  })
  .describe('Samples of the last hour, oldest first.');

const data = z.object({
  version: z.string(),
  now_ms: time(),
  uptime_seconds: count(),
  totals: z.object({ entries: count(), precertificates: count(), messages: count() }),
  rates: z.object({
    entries: figure(),
    messages: figure(),
    sent_bytes: figure(),
    received_bytes: figure(),
  }),
  delay: z.object({ head_to_feed: delay, entry_to_feed: delay, feed_to_socket: delay }),
  process: process.nullable(),
  log_list: z.object({
    source: z.enum(['network', 'cache', 'none', 'unused']),
    version: z.string().nullable(),
    error: z.string().nullable(),
  }),
  logs: z.array(log),
  streams: z.array(stream),
  slowest_clients: z.array(client).nullable(),
  outputs: z.array(output),
  cluster: cluster.nullable(),
  history,
});

/** Schemas of the data of the dashboard, by name. */
export const dashboardSchemas = {
  dashboard: data.describe('The figures that the dashboard shows.'),
  dashboard_config: config.describe('What the dashboard needs before it has a token.'),
} as const;

/** The compiler refuses a schema that differs from the type of its page. */
export type DashboardSchemasAgree = All<
  [SameType<z.infer<typeof data>, DashboardData>, SameType<z.infer<typeof config>, DashboardConfig>]
>;
