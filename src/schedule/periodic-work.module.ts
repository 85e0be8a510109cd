import { Module } from '@nestjs/common';
import { PeriodicWork } from './periodic-work.js';

/** Provides one {@link PeriodicWork} for the application. */
@Module({ providers: [PeriodicWork], exports: [PeriodicWork] })
export class PeriodicWorkModule {}
