import { CertstreamError } from '../../kernel/certstream-error.js';

const REMEDIES = {
  JOURNAL_OTHER_VERSION: 'run that version, or move the folder away, or name another journal.path',
  JOURNAL_DAMAGED: 'its records are lost; the file may be removed',
  JOURNAL_LOCKED: 'stop that one, or give each server its own journal.path',
  JOURNAL_UNUSABLE: 'correct its permissions, or name another journal.path',
  JOURNAL_UNWRITABLE: 'make room or correct its permissions; the journal tries again by itself',
};

export type JournalErrorCode = keyof typeof REMEDIES;

/**
 * The folder of the journal cannot be used. `JOURNAL_OTHER_VERSION`: another version of this server wrote a segment;
 * `JOURNAL_LOCKED`: another server uses the folder; `JOURNAL_UNUSABLE`: it cannot be read or written at all. These three end the
 * start with `exitCode`. `JOURNAL_DAMAGED`: the header of a segment cannot be read. `JOURNAL_UNWRITABLE`: records cannot be stored
 * while the server runs.
 */
export class JournalError extends CertstreamError {
  readonly exitCode = 2;

  /** @param path the folder or the segment. */
  constructor(code: JournalErrorCode, path: string, reason: string, cause?: unknown) {
    super(code, `${path}: ${reason}; ${REMEDIES[code]}`, { cause });
  }
}
