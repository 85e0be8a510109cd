import { Module } from '@nestjs/common';
import { FeedModule } from '../feed/feed.module.js';
import { Outputs } from './outputs.js';

/** Provides {@link Outputs}. Needs `ScheduleModule.forRoot()`. */
@Module({ imports: [FeedModule], providers: [Outputs], exports: [Outputs] })
export class OutputsModule {}
