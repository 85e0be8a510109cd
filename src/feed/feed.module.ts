import { Module } from '@nestjs/common';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { BackPressure } from './back-pressure.js';
import { CertificateFeed } from './certificate-feed.js';
import { createJournal } from './journal/create-journal.js';
import { ENTRY_JOURNAL } from './journal/entry-journal.js';
import { JournalMetrics } from './journal/journal-metrics.js';
import { MemberLags } from './member-lags.js';

/** Provides {@link CertificateFeed} and the journal, which connect the logs to all consumers of entries. */
@Module({
  imports: [ClusterModule],
  providers: [
    BackPressure,
    CertificateFeed,
    JournalMetrics,
    MemberLags,
    {
      provide: ENTRY_JOURNAL,
      inject: [CERTSTREAM_CONFIG, BackPressure, CLUSTER],
      useFactory: (config: CertstreamConfig, pressure: BackPressure, cluster: Cluster | undefined) =>
        createJournal(config, pressure, cluster),
    },
  ],
  exports: [CertificateFeed, ENTRY_JOURNAL, MemberLags, ClusterModule],
})
export class FeedModule {}
