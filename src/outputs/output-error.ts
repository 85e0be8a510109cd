import { CertstreamError } from '../kernel/certstream-error.js';

export type OutputErrorCode =
  | 'OUTPUT_NAME_TAKEN'
  | 'OUTPUT_CURSORS_UNREADABLE'
  | 'OUTPUT_CURSORS_UNWRITABLE'
  | 'OUTPUT_PACKAGE_MISSING'
  | 'OUTPUT_SECRET_MISSING'
  | 'OUTPUT_TLS_FILE'
  | 'OUTPUT_TIMEOUT'
  | 'OUTPUT_REFUSED'
  | 'OUTPUT_UNREACHABLE'
  | 'OUTPUT_JETSTREAM_OFF'
  | 'OUTPUT_STREAM_MISMATCH'
  | 'OUTPUT_STREAM_MISSING'
  | 'OUTPUT_STREAM_FULL'
  | 'OUTPUT_NODE_VERSION'
  | 'OUTPUT_FOLDER_IN_USE'
  | 'OUTPUT_FOLDER_UNWRITABLE'
  | 'OUTPUT_FOLDER_REMOVED'
  | 'OUTPUT_DISK_FULL';

/**
 * `OUTPUT_NAME_TAKEN`: two outputs have the same name. `OUTPUT_CURSORS_UNREADABLE`: the file of positions exists and
 * cannot be used, which ends the start. `OUTPUT_CURSORS_UNWRITABLE`: the file cannot be saved; the save is retried.
 * `OUTPUT_PACKAGE_MISSING`, `OUTPUT_SECRET_MISSING`, `OUTPUT_TLS_FILE`: an output of the configuration lacks something, which ends the
 * start; a secret or file that disappears later makes deliveries fail. `OUTPUT_TIMEOUT`: a delivery took too long. `OUTPUT_REFUSED`:
 * the other side refuses the connection or the delivery and says why. `OUTPUT_UNREACHABLE`: no connection can be made, or it ended.
 * `OUTPUT_JETSTREAM_OFF`, `OUTPUT_STREAM_MISMATCH`, `OUTPUT_STREAM_MISSING`, `OUTPUT_STREAM_FULL`: what JetStream lacks.
 * `OUTPUT_NODE_VERSION`: an output needs a newer Node, which ends the
 * start. `OUTPUT_FOLDER_IN_USE`: another output or server uses the folder, which ends the start. `OUTPUT_FOLDER_UNWRITABLE`,
 * `OUTPUT_FOLDER_REMOVED`, `OUTPUT_DISK_FULL`: files cannot be written; the delivery is repeated.
 */
export class OutputError extends CertstreamError {
  readonly exitCode = 2;

  constructor(code: OutputErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(code, message, options);
  }

  /** Returns an error whose message begins with the name of the output. */
  static of(output: string, error: unknown): unknown {
    if (!(error instanceof OutputError) || error.message.startsWith(`output ${output}`)) return error;
    return new OutputError(error.code as OutputErrorCode, `output ${output}: ${error.message}`, {
      cause: error.cause,
    });
  }
}
