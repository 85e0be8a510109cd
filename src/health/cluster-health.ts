import { Inject, Optional } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { clusterConfig } from '../config/config-namespace.js';
import {
  type HealthContribution,
  HealthIndicator,
  type HealthReport,
} from '../discovery/health-indicator.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../feed/journal/entry-journal.js';
import { JetStreamJournal } from '../feed/journal/jetstream/jetstream-journal.js';

/** The cluster as `/readyz` shows it. Without a cluster, `/readyz` does not mention it. */
export interface ClusterHealthReport extends HealthReport {
  readonly detail?: {
    readonly cluster: {
      readonly connected: boolean;
      /** Live members, this one included. */
      readonly members: number;
      readonly lag_seconds: number;
      /** Since the stream has answered. */
      readonly silent_seconds: number;
    };
  };
}

/**
 * A member is ready unless the stream has not answered, or its records have waited to be read, for more than `cluster.ready_lag_seconds`.
 */
@HealthIndicator()
export class ClusterHealth implements HealthContribution {
  constructor(
    @Inject(clusterConfig.KEY) private readonly config: ConfigType<typeof clusterConfig>,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {}

  health(): ClusterHealthReport {
    const { cluster, journal } = this;
    if (cluster === undefined || !(journal instanceof JetStreamJournal))
      return { name: 'cluster', ready: true };
    const { lag, silence } = journal.delay;
    return {
      name: 'cluster',
      ready: Math.max(lag, silence) <= this.config.ready_lag_seconds,
      detail: {
        cluster: {
          connected: cluster.isConnected,
          members: cluster.members().length,
          lag_seconds: Math.round(lag),
          silent_seconds: Math.round(silence),
        },
      },
    };
  }
}
