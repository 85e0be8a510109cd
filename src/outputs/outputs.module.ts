import { Module } from '@nestjs/common';
import { FeedModule } from '../feed/feed.module.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { Outputs } from './outputs.js';

/** Provides {@link Outputs}. */
@Module({ imports: [FeedModule, PeriodicWorkModule], providers: [Outputs], exports: [Outputs] })
export class OutputsModule {}
