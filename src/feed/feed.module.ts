import { Module } from '@nestjs/common';
import { BackPressure } from './back-pressure.js';
import { CertificateFeed } from './certificate-feed.js';
import { ENTRY_JOURNAL } from './journal/entry-journal.js';
import { MemoryJournal } from './journal/memory/memory-journal.js';

const MEMORY_BYTES = 8 * 1024 * 1024;

/** Provides {@link CertificateFeed} and the journal, which connect the logs to all consumers of entries. */
@Module({
  providers: [
    BackPressure,
    CertificateFeed,
    {
      provide: ENTRY_JOURNAL,
      inject: [BackPressure],
      useFactory: (pressure: BackPressure) =>
        new MemoryJournal(pressure, { maxBytes: MEMORY_BYTES, onFull: 'wait' }),
    },
  ],
  exports: [CertificateFeed, ENTRY_JOURNAL],
})
export class FeedModule {}
