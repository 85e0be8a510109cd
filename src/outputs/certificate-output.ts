import type { CertificateBatch } from '../certificate/certificate-batch.js';
import type { RecordKind } from '../certificate/entry-batch.js';

/** A published batch for an output. */
export interface OutputRecord {
  /** Number in the journal; increases from record to record. */
  readonly seq: number;
  readonly kind: RecordKind;
  /** Texts of the batch are written at their first use. */
  readonly batch: CertificateBatch;
}

/**
 * A receiver that acknowledges records. Every record that is published after its first registration is delivered at
 * least once, in the order of the journal, as long as the journal holds it.
 */
export interface CertificateOutput {
  /** Name of this output and its position. It must be unique in a server and the same after a restart. */
  readonly name: string;
  /** Bounds on one call of {@link deliver}. One record is always delivered. */
  readonly limit: { readonly bytes: number; readonly records: number };
  /** Kind of the output, such as `kafka`, for pages and commands. */
  readonly type?: string;
  /** Whether the server is not ready (`/readyz`) while this output has failed for a minute; default false. */
  readonly required?: boolean;
  /** Messages that the other side has refused for good since the start. */
  readonly refused?: number;
  /** Those of {@link refused} that no file of dead letters contains. */
  readonly lostDeadLetters?: number;
  /** Time for which records wait for others of the same call, milliseconds; default 20. */
  readonly lingerMs?: number;
  /**
   * Delivers records. Resolves when the other side has acknowledged all of them. Calls never overlap. After a
   * rejection the same records are delivered again, after a growing pause of up to a minute, or after the pause that an
   * OutputError requests (`retryAfterMs`).
   * @param signal is aborted when the server stops. Records that are not acknowledged then are delivered again after
   * the next start.
   */
  deliver(records: readonly OutputRecord[], signal: AbortSignal): Promise<void>;
  /**
   * Closes connections and files for now. Called when another member of a cluster runs the output, after the last {@link deliver} has
   * ended. Later calls of {@link deliver} open them again.
   */
  suspend?(): Promise<void>;
  /** Closes connections and files. Called once, after the last {@link deliver} has ended. */
  close(): Promise<void>;
}
