import { CertstreamError } from '../../certstream-error.js';

/**
 * `CT_INDEX_FILE_DAMAGED`: the file is there and cannot be understood; `CT_INDEX_FILE_UNREADABLE`: it cannot be
 * read at all. Starting without it would skip entries, so this ends the start with `exitCode`.
 */
export class PositionFileError extends CertstreamError {
  readonly exitCode = 2;

  constructor(
    code: 'CT_INDEX_FILE_DAMAGED' | 'CT_INDEX_FILE_UNREADABLE',
    path: string,
    reason: string,
    cause?: unknown,
  ) {
    super(code, `${path}: ${reason}; repair the file, or move it away to start every log at its head`, {
      cause,
    });
  }
}
