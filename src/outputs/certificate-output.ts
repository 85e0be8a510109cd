import type { CertificateBatch } from '../certificate/certificate-batch.js';
import type { RecordKind } from '../certificate/entry-batch.js';

/** A published batch on its way to an output. */
export interface OutputRecord {
  /** Place in the journal; grows from record to record. */
  readonly seq: number;
  readonly kind: RecordKind;
  /** Its texts are made when they are asked for. */
  readonly batch: CertificateBatch;
}

/**
 * A receiver that acknowledges. Everything that is published after its first registration is delivered at least once, in the
 * order of the journal, as long as the journal holds it.
 */
export interface CertificateOutput {
  /** Names the position of this output; unique in a server, and the same after a restart. */
  readonly name: string;
  /** The most that one call of {@link deliver} gets, of which one record is always delivered. */
  readonly limit: { readonly bytes: number; readonly records: number };
  /**
   * Resolves when the other side has acknowledged all records. Calls never overlap. After a rejection the same records come
   * again, after a growing pause of up to a minute.
   * @param signal aborted when the server stops: what is not acknowledged then comes again after the next start.
   */
  deliver(records: readonly OutputRecord[], signal: AbortSignal): Promise<void>;
  /** Lets go of connections and files. Called once, after the last {@link deliver} has ended. */
  close(): Promise<void>;
}
