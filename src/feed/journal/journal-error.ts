import { CertstreamError } from '../../kernel/certstream-error.js';

const REMEDIES = {
  JOURNAL_OTHER_VERSION: 'run that version, move the folder away, or set another journal.path',
  JOURNAL_DAMAGED: 'its records are lost; the file may be removed',
  JOURNAL_LOCKED: 'stop that server, or give each server its own journal.path',
  JOURNAL_UNUSABLE: 'correct its permissions, or set another journal.path',
  JOURNAL_UNWRITABLE: 'free disk space or correct its permissions; the journal retries by itself',
  JOURNAL_UNAVAILABLE: 'check the servers of cluster.servers; the journal retries by itself',
  JOURNAL_REPLACED: 'read the new journal from its oldest record on',
  CLUSTER_STREAM_DIFFERS: 'correct or delete the stream, or set another cluster.prefix',
};

export type JournalErrorCode = keyof typeof REMEDIES;

/**
 * An error of the journal's folder, or of its stream in a cluster. `JOURNAL_OTHER_VERSION`: another version of this server wrote a segment.
 * `JOURNAL_LOCKED`: another server uses the folder. `JOURNAL_UNUSABLE`: the folder cannot be read or written. `CLUSTER_STREAM_DIFFERS`:
 * the stream exists with settings that the journal cannot use. These four end the start with `exitCode`. `JOURNAL_DAMAGED`: the header of
 * a segment is unreadable. `JOURNAL_UNWRITABLE`: records cannot be stored while the server runs. `JOURNAL_UNAVAILABLE`: the stream does
 * not answer. `JOURNAL_REPLACED`: the stream was deleted, and another one has taken its place.
 */
export class JournalError extends CertstreamError {
  readonly exitCode = 2;

  /** @param path the folder, the segment or the stream that causes the error. */
  constructor(code: JournalErrorCode, path: string, reason: string, cause?: unknown) {
    super(code, `${path}: ${reason}; ${REMEDIES[code]}`, { cause });
  }

  /** Returns a JournalError unchanged, and `JOURNAL_UNUSABLE` for any other error of the folder. */
  static unusable(folder: string, error: unknown): JournalError {
    if (error instanceof JournalError) return error;
    return new JournalError(
      'JOURNAL_UNUSABLE',
      folder,
      `the journal cannot be used: ${(error as Error).message}`,
      error,
    );
  }
}
