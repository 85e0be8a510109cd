import { CertstreamError } from '../../kernel/certstream-error.js';

const REMEDIES = {
  JOURNAL_OTHER_VERSION: 'run that version, move the folder away, or set another journal.path',
  JOURNAL_DAMAGED: 'its records are lost; the file may be removed',
  JOURNAL_LOCKED: 'stop that server, or give each server its own journal.path',
  JOURNAL_UNUSABLE: 'correct its permissions, or set another journal.path',
  JOURNAL_UNWRITABLE: 'free disk space or correct its permissions; the journal retries by itself',
};

export type JournalErrorCode = keyof typeof REMEDIES;

/**
 * An error of the journal's folder. `JOURNAL_OTHER_VERSION`: another version of this server wrote a segment.
 * `JOURNAL_LOCKED`: another server uses the folder. `JOURNAL_UNUSABLE`: the folder cannot be read or written. These
 * three end the start with `exitCode`. `JOURNAL_DAMAGED`: the header of a segment is unreadable.
 * `JOURNAL_UNWRITABLE`: records cannot be stored while the server runs.
 */
export class JournalError extends CertstreamError {
  readonly exitCode = 2;

  /** @param path the folder or the segment that causes the error. */
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
