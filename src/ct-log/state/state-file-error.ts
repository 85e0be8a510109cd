import { dirname, resolve } from 'node:path';
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
  CT_STATE_FILE_UNWRITABLE: 'name another general.recovery.state_file',
  CT_INDEX_FILE_DAMAGED: 'repair the file, or move it away to start every log at its head',
  CT_INDEX_FILE_UNREADABLE: 'correct its permissions, or set another general.recovery.ct_index_file',
  CT_INDEX_FILE_UNWRITABLE: 'name another general.recovery.ct_index_file',
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
 * These codes are reported by a save, and the first one ends the start too:
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
    super(code, `${path}: ${reason}; ${remedy(code, path, options?.cause)}`, options);
  }
}

/** What helps depends on why the file system refuses a file. */
function remedy(code: StateFileErrorCode, path: string, cause: unknown): string {
  const { code: errno } = (cause ?? {}) as NodeJS.ErrnoException;
  const key = code.includes('_INDEX_') ? 'ct_index_file' : 'state_file';
  const another = `or set another general.recovery.${key}`;
  const folder = JSON.stringify(dirname(resolve(path)));
  if (code.endsWith('_UNWRITABLE')) {
    if (errno === 'EACCES' || errno === 'EPERM')
      return `let the user of the server write to the folder ${folder}, ${another}`;
    if (errno === 'EROFS') return `its file system is read-only: mount it writable, ${another}`;
    if (errno === 'ENOSPC' || errno === 'EDQUOT') return 'free disk space';
    if (errno === 'EBUSY')
      return 'mount the folder in place of the file: the server replaces the file by renaming';
  }
  return REMEDIES[code];
}
