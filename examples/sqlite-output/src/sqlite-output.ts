import { Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
// The same as `node:sqlite`, which Node 20 does not have.
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import {
  type CertificateOutput,
  defineConfigSection,
  type OutputRecord,
  Outputs,
  OutputsModule,
} from 'certstream-server-nest';
import { z } from 'zod';

export const sqliteConfig = defineConfigSection(
  'sqlite_output',
  z.object({ path: z.string().default('certificates.db').describe('File of the database.') }),
);
export const configSections = [sqliteConfig];

/** An entry that is delivered twice, or that was corrected, replaces its row. */
const TABLE = `
  CREATE TABLE IF NOT EXISTS certificates (
    log TEXT, log_index INTEGER, timestamp INTEGER, domains TEXT, der BLOB, PRIMARY KEY (log, log_index)
  ) WITHOUT ROWID`;

/** Writes every entry into SQLite. What `deliver` has not committed when the process ends is delivered again after the next start. */
@Injectable()
export class SqliteOutput implements CertificateOutput, OnModuleInit {
  readonly name = 'sqlite';
  readonly limit = { bytes: 4_000_000, records: 100 };
  private readonly database: DatabaseSyncInstance;

  constructor(
    @Inject(sqliteConfig.KEY) { path }: ConfigType<typeof sqliteConfig>,
    private readonly outputs: Outputs,
  ) {
    this.database = new DatabaseSync(path);
    this.database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${TABLE}`);
  }

  onModuleInit(): void {
    this.outputs.register(this);
  }

  async deliver(records: readonly OutputRecord[]): Promise<void> {
    const insert = this.database.prepare('INSERT OR REPLACE INTO certificates VALUES (?, ?, ?, ?, ?)');
    this.database.exec('BEGIN');
    try {
      for (const { batch } of records)
        for (const entry of batch) {
          const { source, index, timestamp, der } = entry;
          insert.run(source.url, index, timestamp, entry.allDomains().join(' '), der);
        }
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  async close(): Promise<void> {
    this.database.close();
  }
}

@Module({ imports: [OutputsModule], providers: [SqliteOutput] })
export default class SqliteOutputModule {}
