import { Module } from '@nestjs/common';
import { FeedModule } from '../feed/feed.module.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { ConfiguredOutputs } from './configured-outputs.js';
import { OutputMetrics } from './output-metrics.js';
import { OutputReports } from './output-reports.js';
import { Outputs } from './outputs.js';

/** Outputs that acknowledge, and their positions. */
@Module({
  imports: [FeedModule, PeriodicWorkModule],
  providers: [Outputs, ConfiguredOutputs, OutputMetrics, OutputReports],
  exports: [Outputs, OutputReports],
})
export class OutputsModule {}
