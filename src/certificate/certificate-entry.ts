import type { X509Certificate } from '@peculiar/x509';
import type { CertificateUpdate, DnsEntries } from './certificate-message.js';
import type { DialectName } from './dialects/dialect.js';
import { sliceEntryBatch } from './entry-batch-builder.js';
import { EntryColumn, ENTRY_COLUMNS, type EntryBatch, LogEntryType, type LogSource } from './entry-batch.js';
import { fingerprint } from './fingerprint.js';
import type { StreamKind } from './rendered-texts.js';
import { readX509 } from './x509.js';

/** The part of a batch that its entries use. */
export interface EntryTexts {
  readonly entries: EntryBatch;
  text(kind: StreamKind, i: number, dialect?: DialectName): Buffer;
}

/**
 * One log entry for custom modules. It is a view on its batch and computes expensive values on demand. It keeps the memory
 * of the whole batch alive, so copy the values that you keep for long.
 */
export class CertificateEntry {
  private readonly lite: Partial<Record<DialectName, CertificateUpdate>> = {};

  /** @param position position in the batch, counted from 0 */
  constructor(
    private readonly batch: EntryTexts,
    private readonly position: number,
  ) {}

  get source(): LogSource {
    return this.batch.entries.source;
  }

  /** Returns a batch with this entry only, as a view of the memory of its batch. */
  alone(): EntryBatch {
    return sliceEntryBatch(this.batch.entries, this.position, this.position + 1);
  }

  /** Index in the log. */
  get index(): number {
    return this.batch.entries.firstIndex + this.position;
  }

  /** TimestampedEntry.timestamp in milliseconds since the epoch. */
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

  /** The submitted DER (certificate or precertificate) as a view; empty if the log served none. */
  get der(): Buffer {
    return this.batch.entries.bytes.subarray(
      this.column(EntryColumn.SubmittedStart),
      this.column(EntryColumn.SubmittedEnd),
    );
  }

  /** Returns the names that the certificate is for, as in `all_domains`. */
  allDomains(): string[] {
    return (JSON.parse(this.json('domains')) as DnsEntries).data;
  }

  /** Returns the SHA-256 of {@link der} as `AA:BB:..`, or `""` without DER. */
  sha256(): string {
    return fingerprint('sha256', this.der);
  }

  /** Returns the message of a stream that clients receive in this dialect. */
  json(kind: StreamKind, dialect: DialectName = 'go'): string {
    return this.batch.text(kind, this.position, dialect).toString();
  }

  /** Returns the lite message, which is parsed once. */
  message(dialect: DialectName = 'go'): CertificateUpdate {
    return (this.lite[dialect] ??= JSON.parse(this.json('lite', dialect)) as CertificateUpdate);
  }

  /** Returns the full message, which is parsed on every call. */
  full(dialect: DialectName = 'go'): CertificateUpdate {
    return JSON.parse(this.json('full', dialect)) as CertificateUpdate;
  }

  /** Parses {@link der} with `@peculiar/x509`, which is loaded on first use. Rejects if the library cannot parse it. */
  async x509(): Promise<X509Certificate> {
    return readX509(this.der);
  }

  private column(column: number): number {
    return this.batch.entries.table[this.position * ENTRY_COLUMNS + column];
  }
}
