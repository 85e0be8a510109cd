import { Controller, Inject, Optional, UseFilters } from '@nestjs/common';
import { CLUSTER, type Cluster, type LeaseGroup } from '../cluster/cluster.js';
import type { ClusterRole } from '../cluster/member-info.js';
import { LogReports } from '../ct-log/following/log-reports.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../feed/journal/entry-journal.js';
import { JetStreamJournal } from '../feed/journal/jetstream/jetstream-journal.js';
import { type MemberLag, MemberLags } from '../feed/member-lags.js';
import { isoTime } from '../kernel/iso-time.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { apiPage } from './api-page.js';

/** Answer of `/api/cluster`: the cluster as this member sees it. */
export interface ClusterDocument {
  /** Id of the member that answers. */
  readonly self: string;
  readonly members: readonly ClusterMember[];
  /** The units of work. `member` is the id of the member that does it; null while no live member does. */
  readonly leases: Readonly<Record<LeaseGroup, readonly ClusterLease[]>>;
  readonly connection: {
    readonly connected: boolean;
    /** Seconds since the stream has answered; it is asked every two seconds. */
    readonly silent_seconds: number;
  };
  /** What this member has not read of the stream. */
  readonly lag: { readonly records: number; readonly seconds: number };
  /** The journal. `oldest` is the time of its first record, null without records. */
  readonly stream: {
    readonly first: number;
    readonly last: number;
    readonly bytes: number;
    readonly oldest: string | null;
  };
}

interface ClusterMember {
  readonly id: string;
  readonly name: string;
  readonly role: ClusterRole;
  readonly version: string;
  /** By the clock of the member, ISO 8601. */
  readonly started: string | null;
  /** Number of logs that it follows. */
  readonly logs: number;
  /** What it has not read of the stream; null until it has said it. */
  readonly lag: MemberLag | null;
}

interface ClusterLease {
  readonly unit: string;
  readonly member: string | null;
}

/** Serves `/api/cluster`. Like `/logs`, every valid token opens it. It names no server of NATS. */
@Controller()
@UseFilters(ApiErrorFilter)
export class ClusterController {
  constructor(
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
    private readonly logs: LogReports,
    private readonly lags: MemberLags,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {}

  @FixedRoute(apiPage('/api/cluster'))
  @Documented({
    summary: 'The members of the cluster, the work that they share, and the stream.',
    answers: { json: ['cluster'] },
    errors: { 404: 'This server works alone.' },
  })
  show(): ClusterDocument {
    const { cluster, journal } = this;
    if (cluster === undefined || !(journal instanceof JetStreamJournal))
      throw new ApiError(
        'API_NO_CLUSTER',
        404,
        'this server works alone; cluster.servers makes it a member of a cluster',
      );
    const leases = (group: LeaseGroup): ClusterLease[] =>
      [...cluster.units(group)]
        .map(([unit, member]) => ({ unit, member: member ?? null }))
        .sort((a, b) => (a.unit < b.unit ? -1 : 1));
    const { delay, state, stats } = journal;
    const logs = this.logs.counts();
    return {
      self: cluster.self.id,
      members: cluster.members().map(({ id, name, role, version, startedAt }) => {
        const started = isoTime(startedAt);
        const lag = this.lags.of(id) ?? null;
        return { id, name, role, version, started, logs: logs.get(id) ?? 0, lag };
      }),
      leases: { logs: leases('logs'), outputs: leases('outputs') },
      connection: { connected: cluster.isConnected, silent_seconds: delay.silence },
      lag: { records: stats.unreadRecords, seconds: delay.lag },
      stream: {
        first: state.first,
        last: state.last,
        bytes: state.bytes,
        oldest: isoTime(state.firstTime),
      },
    };
  }
}
