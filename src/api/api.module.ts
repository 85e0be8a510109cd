import { Module } from '@nestjs/common';
import { IngestModule } from '../ct-log/ingest.module.js';
import { FeedModule } from '../feed/feed.module.js';
import { OutputsModule } from '../outputs/outputs.module.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { StreamModule } from '../stream/stream.module.js';
import { WebModule } from '../web/web.module.js';
import { CertificatesController } from './certificates.controller.js';
import { ClusterController } from './cluster.controller.js';
import { DocumentsController } from './documents.controller.js';
import { EntriesController } from './entries.controller.js';
import { EntryFetches } from './entry-fetches.js';
import { JournalLookup } from './lookup/journal-lookup.js';
import { LogEntries } from './log-entries.js';
import { OutputsController } from './outputs.controller.js';
import { StatsController } from './stats.controller.js';

/** The pages below `/api`: figures, certificates, entries and outputs; and the descriptions of all pages and messages. */
@Module({
  imports: [FeedModule, IngestModule, OutputsModule, PeriodicWorkModule, StreamModule, WebModule],
  controllers: [
    StatsController,
    CertificatesController,
    EntriesController,
    OutputsController,
    ClusterController,
    DocumentsController,
  ],
  providers: [EntryFetches, JournalLookup, LogEntries],
})
export class ApiModule {}
