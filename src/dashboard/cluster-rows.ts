import { Inject, Injectable, Optional } from '@nestjs/common';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { LogReports } from '../ct-log/following/log-reports.js';
import { MemberLags } from '../feed/member-lags.js';
import type { DashboardCluster } from './dashboard-data.js';

/** The members of the cluster for the dashboard. */
@Injectable()
export class ClusterRows {
  constructor(
    private readonly logs: LogReports,
    private readonly lags: MemberLags,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {}

  /** Returns null for a server that works alone. */
  read(): DashboardCluster | null {
    const { cluster } = this;
    if (cluster === undefined) return null;
    const logs = this.logs.counts();
    const outputs = [...cluster.units('outputs').values()];
    return {
      self: cluster.self.id,
      connected: cluster.isConnected,
      members: cluster.members().map(({ id, name, role, version, startedAt }) => ({
        id,
        name,
        role,
        version,
        started_ms: startedAt,
        logs: logs.get(id) ?? 0,
        outputs: outputs.filter((owner) => owner === id).length,
        lag: this.lags.of(id) ?? null,
      })),
    };
  }
}
