import { Controller, UseFilters } from '@nestjs/common';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { packageJson } from '../kernel/package-json.js';
import { LogReports } from '../ct-log/following/log-reports.js';
import { StreamClients } from '../stream/subscription/stream-clients.js';
import { STREAM_KINDS } from '../stream/subscription/stream-paths.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { apiPage } from './api-page.js';
import { JournalLookup } from './lookup/journal-lookup.js';
import { type LogDocument, logDocument } from './log-document.js';

/** Answer of `/api/stats`: the keys of certstream-server-rust and more. Counts are since the start. */
export interface Stats {
  readonly version: string;
  readonly uptime_seconds: number;
  readonly connections: {
    readonly total: number;
    readonly websocket: number;
    readonly sse: number;
    readonly full: number;
    readonly lite: number;
    readonly domains: number;
  };
  readonly throughput: {
    /** Messages written to client sockets; one message to ten clients counts as ten. */
    readonly messages_sent: number;
    readonly messages_dropped: number;
    /** Published entries; precertificates are among them. */
    readonly certificates_processed: number;
    readonly precertificates: number;
    /** Octets written to client sockets. */
    readonly bytes_sent: number;
    readonly bytes_serialized: number;
  };
  /** The entries that `/api/cert` has indexed, none before its first request, and how many it can index. */
  readonly memory: { readonly cache_entries: number; readonly cache_capacity: number };
}

/** Answer of `/api/logs`. */
export interface LogsDocument {
  readonly total_logs: number;
  readonly healthy: number;
  readonly degraded: number;
  readonly unhealthy: number;
  readonly logs: readonly LogDocument[];
}

/** Answer of `/stats`: the document of the CaliDog server. It names neither addresses nor headers of clients. */
export interface CalidogStats {
  readonly processed_certificates: number;
  /** One member for each client. */
  readonly current_users: Readonly<Record<string, { readonly stream: string; readonly messages: number }>>;
  /** Entries of each log that its follower has streamed, by the URL of the log. */
  readonly workers: Readonly<Record<string, number>>;
}

/** Bound on the clients in `/stats`. */
const MAX_USERS = 1000;

/** Serves figures of the whole server under the paths of other servers. */
@Controller()
@UseFilters(ApiErrorFilter)
export class StatsController {
  constructor(
    private readonly feed: CertificateFeed,
    private readonly clients: StreamClients,
    private readonly reports: LogReports,
    private readonly lookup: JournalLookup,
  ) {}

  @FixedRoute(apiPage('/api/stats'))
  @Documented({ summary: 'Uptime, connections and throughput.', answers: { json: ['stats'] } })
  stats(): Stats {
    const { entries, precertificates } = this.feed.stats;
    const { entries: indexed, capacity } = this.lookup.size;
    const { full, lite, domains } = this.clients.audiences;
    const sum = (key: 'messages' | 'bytes' | 'dropped') =>
      STREAM_KINDS.reduce((total, kind) => total + this.clients.audiences[kind].stats[key], 0);
    const total = full.clients.size + lite.clients.size + domains.clients.size;
    return {
      version: packageJson().version,
      uptime_seconds: Math.floor(process.uptime()),
      connections: {
        total,
        websocket: this.clients.countBy('websocket'),
        sse: this.clients.countBy('sse'),
        full: full.clients.size,
        lite: lite.clients.size,
        domains: domains.clients.size,
      },
      throughput: {
        messages_sent: sum('messages'),
        messages_dropped: sum('dropped'),
        certificates_processed: entries,
        precertificates,
        bytes_sent: sum('bytes'),
        bytes_serialized: sum('bytes'),
      },
      memory: { cache_entries: indexed, cache_capacity: capacity },
    };
  }

  @FixedRoute(apiPage('/api/logs'))
  @Documented({ summary: 'Every followed log in short; `/logs` says more.', answers: { json: ['logs'] } })
  logs(): LogsDocument {
    const logs = this.reports.all().map(logDocument);
    const count = (wanted: LogDocument['status']) => logs.filter(({ status }) => status === wanted).length;
    return {
      total_logs: logs.length,
      healthy: count('healthy'),
      degraded: count('degraded'),
      unhealthy: count('unhealthy'),
      logs,
    };
  }

  @FixedRoute(apiPage('/stats'))
  @Documented({ summary: 'Figures in the form of the CaliDog server.', answers: { json: ['calidog_stats'] } })
  calidogStats(): CalidogStats {
    const users: [string, { stream: string; messages: number }][] = [];
    for (const kind of STREAM_KINDS)
      for (const { stats } of this.clients.audiences[kind].clients)
        if (users.length < MAX_USERS)
          users.push([String(users.length), { stream: kind, messages: stats.messages }]);
    const workers = this.reports.all().map(({ url, entries }) => [url, entries.streamed]);
    return {
      processed_certificates: this.feed.stats.entries,
      current_users: Object.fromEntries(users),
      workers: Object.fromEntries(workers) as CalidogStats['workers'],
    };
  }
}
