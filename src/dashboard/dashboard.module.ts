import { Module } from '@nestjs/common';
import { IngestModule } from '../ct-log/ingest.module.js';
import { FeedModule } from '../feed/feed.module.js';
import { OutputsModule } from '../outputs/outputs.module.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { StreamModule } from '../stream/stream.module.js';
import { WebModule } from '../web/web.module.js';
import { ClusterRows } from './cluster-rows.js';
import { DashboardReport } from './dashboard-report.js';
import { DataController } from './data.controller.js';
import { DeliveryRows } from './delivery-rows.js';
import { ServerSamples } from './figures/server-samples.js';
import { TotalsReader } from './figures/server-totals.js';
import { LogRows } from './log-rows.js';
import { PageController } from './page.controller.js';

/** The dashboard: the page for browsers, which is built from the folder `dashboard`, and its data. */
@Module({
  imports: [FeedModule, IngestModule, OutputsModule, PeriodicWorkModule, StreamModule, WebModule],
  controllers: [PageController, DataController],
  providers: [ClusterRows, DashboardReport, DeliveryRows, LogRows, ServerSamples, TotalsReader],
})
export class DashboardModule {}
