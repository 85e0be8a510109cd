import { Module } from '@nestjs/common';
import { FeedModule } from '../feed/feed.module.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { ConfiguredOutputs } from './configured-outputs.js';
import { OutputMetrics } from './output-metrics.js';
import { Outputs } from './outputs.js';

/** Outputs that acknowledge, and their positions. */
@Module({
  imports: [FeedModule, PeriodicWorkModule],
  providers: [Outputs, ConfiguredOutputs, OutputMetrics],
  exports: [Outputs],
})
export class OutputsModule {}
