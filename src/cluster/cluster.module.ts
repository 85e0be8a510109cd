import { Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { packageJson } from '../kernel/package-json.js';
import { CLUSTER, type Cluster } from './cluster.js';
import { NatsCluster } from './nats-cluster.js';

/** ClusterModule makes this server a member of a cluster if the configuration names servers of one. */
@Module({
  providers: [
    {
      provide: CLUSTER,
      inject: [CERTSTREAM_CONFIG],
      useFactory: async ({ cluster }: CertstreamConfig): Promise<Cluster | undefined> => {
        if (cluster.servers.length === 0) return undefined;
        const { version } = packageJson();
        return NatsCluster.open(cluster, { role: cluster.role, version }, new Logger('Cluster'));
      },
    },
  ],
  exports: [CLUSTER],
})
export class ClusterModule implements OnApplicationShutdown {
  constructor(@Inject(CLUSTER) private readonly cluster: Cluster | undefined) {}

  /** The modules that use the cluster import this one, so their hooks have run. */
  async onApplicationShutdown(): Promise<void> {
    await this.cluster?.close();
  }
}
