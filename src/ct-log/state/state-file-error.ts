import { CertstreamError } from '../../certstream-error.js';

const REMEDIES = {
  CT_INDEX_FILE_DAMAGED: 'repair the file, or move it away to start every log at its head',
  CT_INDEX_FILE_UNREADABLE: 'correct its permissions, or name another general.recovery.ct_index_file',
  CT_INDEX_FILE_UNWRITABLE: 'make room or correct the permissions of its folder',
};

/**
 * `CT_INDEX_FILE_DAMAGED`: the file is there and cannot be understood; `CT_INDEX_FILE_UNREADABLE`: it cannot be
 * read at all. Starting without it would skip entries, so both end the start with `exitCode`.
 * `CT_INDEX_FILE_UNWRITABLE`: positions cannot be saved.
 */
export class StateFileError extends CertstreamError {
  readonly exitCode = 2;

  constructor(code: keyof typeof REMEDIES, path: string, reason: string, cause?: unknown) {
    super(code, `${path}: ${reason}; ${REMEDIES[code]}`, { cause });
  }
}
