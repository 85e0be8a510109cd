import { CertstreamError } from '../../kernel/certstream-error.js';

const REMEDIES = {
  CT_STATE_FILE_DAMAGED:
    'repair it, or move it away to start from ct_index_file or, without that one, at the heads',
  CT_STATE_FILE_ALTERED:
    'if you edited it, remove its line "checksum"; else move it away to start from ct_index_file or, without that one, at the heads',
  CT_STATE_FILE_FOREIGN: 'name another general.recovery.state_file, or move this one away',
  CT_STATE_FILE_NEWER: 'run that version or a later one, or move the file away to start from ct_index_file',
  CT_STATE_FILE_LOCKED: 'stop that one, or name other general.recovery files for this one',
  CT_STATE_FILE_SHARED:
    'nothing is saved any more: give each server its own general.recovery files, or move the file away to go on',
  CT_STATE_FILE_NOT_SETTLED: 'those entries come again after the next start',
  CT_STATE_FILE_UNREADABLE: 'correct its permissions, or name another general.recovery.state_file',
  CT_STATE_FILE_UNWRITABLE: 'make room or correct the permissions of its folder',
  CT_INDEX_FILE_DAMAGED: 'repair the file, or move it away to start every log at its head',
  CT_INDEX_FILE_UNREADABLE: 'correct its permissions, or name another general.recovery.ct_index_file',
  CT_INDEX_FILE_UNWRITABLE: 'make room or correct the permissions of its folder',
};

export type StateFileErrorCode = keyof typeof REMEDIES;

/**
 * `..._DAMAGED`: the file is there and cannot be understood; `CT_STATE_FILE_ALTERED`: it can, and is not what was
 * written; `CT_STATE_FILE_FOREIGN`: it is something else;
 * `CT_STATE_FILE_NEWER`: a later version wrote it; `CT_STATE_FILE_LOCKED`: another server uses it; `..._UNREADABLE`: it cannot be read at all. Starting without it
 * would skip entries, so all of these end the start with `exitCode`. `..._UNWRITABLE`: it cannot be saved;
 * `CT_STATE_FILE_NOT_SETTLED`: it was not saved at the end, since entries before the positions could still be lost;
 * `CT_STATE_FILE_SHARED`: it is not, since somebody else has saved something there.
 */
export class StateFileError extends CertstreamError {
  readonly exitCode = 2;

  constructor(
    code: StateFileErrorCode,
    path: string,
    reason: string,
    options: { readonly cause?: unknown; readonly remedy?: string } = {},
  ) {
    const { cause, remedy = REMEDIES[code] } = options;
    super(code, `${path}: ${reason}; ${remedy}`, { cause });
  }
}
