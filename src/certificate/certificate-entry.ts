import type { X509Certificate } from '@peculiar/x509';
import type { CertificateUpdate, DnsEntries } from './certificate-message.js';
import type { DialectName } from './dialects/dialect.js';
import { EntryColumn, ENTRY_COLUMNS, type EntryBatch, LogEntryType, type LogSource } from './entry-batch.js';
import { fingerprint } from './fingerprint.js';
import type { StreamKind } from './rendered-texts.js';
import { readX509 } from './x509.js';

/** What an entry needs of its batch. */
export interface EntryTexts {
  readonly entries: EntryBatch;
  text(kind: StreamKind, i: number, dialect?: DialectName): Buffer;
}

/**
 * One log entry for custom modules. It is a view: offsets into the batch, and everything that costs is done when
 * it is asked for. It keeps the memory of its whole batch alive, so copy what is kept for long.
 */
export class CertificateEntry {
  private readonly lite: Partial<Record<DialectName, CertificateUpdate>> = {};

  /** @param position in the batch, counted from 0 */
  constructor(
    private readonly batch: EntryTexts,
    private readonly position: number,
  ) {}

  get source(): LogSource {
    return this.batch.entries.source;
  }

  /** Index in the log. */
  get index(): number {
    return this.batch.entries.firstIndex + this.position;
  }

  /** TimestampedEntry.timestamp, milliseconds since the epoch. */
  get timestamp(): number {
    return this.batch.entries.timestamps[this.position];
  }

  /** An entry of a type unknown to RFC 6962 counts as `x509`; its {@link updateType} is empty. */
  get type(): 'x509' | 'precert' {
    return this.column(EntryColumn.Type) === LogEntryType.PrecertEntry ? 'precert' : 'x509';
  }

  get updateType(): CertificateUpdate['data']['update_type'] {
    const type = this.column(EntryColumn.Type);
    if (type === LogEntryType.X509Entry) return 'X509LogEntry';
    return type === LogEntryType.PrecertEntry ? 'PrecertLogEntry' : '';
  }

  /** The submitted DER, certificate or precertificate, as a view; empty when the log served none. */
  get der(): Buffer {
    return this.batch.entries.bytes.subarray(
      this.column(EntryColumn.SubmittedStart),
      this.column(EntryColumn.SubmittedEnd),
    );
  }

  /** Names that the certificate is for, as in `all_domains`. */
  allDomains(): string[] {
    return (JSON.parse(this.json('domains')) as DnsEntries).data;
  }

  /** SHA-256 of {@link der} as `AA:BB:..`, `""` without DER. */
  sha256(): string {
    return fingerprint('sha256', this.der);
  }

  /** The message of a stream, as clients get it that ask for this dialect. */
  json(kind: StreamKind, dialect: DialectName = 'go'): string {
    return this.batch.text(kind, this.position, dialect).toString();
  }

  /** The lite message, parsed once. */
  message(dialect: DialectName = 'go'): CertificateUpdate {
    return (this.lite[dialect] ??= JSON.parse(this.json('lite', dialect)) as CertificateUpdate);
  }

  /** The full message, parsed anew each time. */
  full(dialect: DialectName = 'go'): CertificateUpdate {
    return JSON.parse(this.json('full', dialect)) as CertificateUpdate;
  }

  /** {@link der} as read by `@peculiar/x509`, which is loaded on first use. Rejects when it cannot read it. */
  async x509(): Promise<X509Certificate> {
    return readX509(this.der);
  }

  private column(column: number): number {
    return this.batch.entries.table[this.position * ENTRY_COLUMNS + column];
  }
}
