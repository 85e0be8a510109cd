import { CertstreamError } from '../../kernel/certstream-error.js';

const REMEDIES = {
  CT_STATE_FILE_DAMAGED:
    'repair it, or move it away to start from ct_index_file or, without that file, at the heads',
  CT_STATE_FILE_ALTERED:
    'if you edited it, remove its line "checksum"; otherwise move it away to start from ct_index_file or, without that file, at the heads',
  CT_STATE_FILE_FOREIGN: 'set another general.recovery.state_file, or move this file away',
  CT_STATE_FILE_NEWER: 'run that version or a later one, or move the file away to start from ct_index_file',
  CT_STATE_FILE_LOCKED: 'stop that server, or set other general.recovery files for this one',
  CT_STATE_FILE_SHARED:
    'saving has stopped: give each server its own general.recovery files, or move the file away to continue',
  CT_STATE_FILE_NOT_SETTLED: 'those entries are streamed again after the next start',
  CT_STATE_FILE_UNREADABLE: 'correct its permissions, or set another general.recovery.state_file',
  CT_STATE_FILE_UNWRITABLE: 'free disk space, or correct the permissions of its folder',
  CT_INDEX_FILE_DAMAGED: 'repair the file, or move it away to start every log at its head',
  CT_INDEX_FILE_UNREADABLE: 'correct its permissions, or set another general.recovery.ct_index_file',
  CT_INDEX_FILE_UNWRITABLE: 'free disk space, or correct the permissions of its folder',
};

export type StateFileErrorCode = keyof typeof REMEDIES;

/**
 * An error of the state file or of the index file. These codes end the start with `exitCode`, because a start without the file
 * would skip entries:
 * - `..._DAMAGED`: the file exists but cannot be parsed;
 * - `CT_STATE_FILE_ALTERED`: its checksum does not match its contents;
 * - `CT_STATE_FILE_FOREIGN`: it is not a state file;
 * - `CT_STATE_FILE_NEWER`: a later version wrote it;
 * - `CT_STATE_FILE_LOCKED`: another server uses it;
 * - `..._UNREADABLE`: it cannot be read.
 *
 * These codes are reported by a save:
 * - `..._UNWRITABLE`: the file cannot be written;
 * - `CT_STATE_FILE_NOT_SETTLED`: the last save was omitted, because entries before the positions could still be lost;
 * - `CT_STATE_FILE_SHARED`: another process has written the file.
 */
export class StateFileError extends CertstreamError {
  readonly exitCode = 2;

  constructor(
    code: StateFileErrorCode,
    path: string,
    reason: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, `${path}: ${reason}; ${REMEDIES[code]}`, options);
  }
}
