import { CertstreamError } from '../kernel/certstream-error.js';

export type OutputErrorCode = 'OUTPUT_NAME_TAKEN' | 'OUTPUT_CURSORS_UNREADABLE' | 'OUTPUT_CURSORS_UNWRITABLE';

/**
 * `OUTPUT_NAME_TAKEN`: two outputs have the same name. `OUTPUT_CURSORS_UNREADABLE`: the file of positions exists and
 * cannot be used, which ends the start. `OUTPUT_CURSORS_UNWRITABLE`: the file cannot be saved; the save is retried.
 */
export class OutputError extends CertstreamError {
  readonly exitCode = 2;

  constructor(code: OutputErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(code, message, options);
  }
}
