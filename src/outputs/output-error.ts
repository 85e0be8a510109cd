import { CertstreamError } from '../kernel/certstream-error.js';

export type OutputErrorCode =
  | 'OUTPUT_NAME_TAKEN'
  | 'OUTPUT_CURSORS_UNREADABLE'
  | 'OUTPUT_CURSORS_UNWRITABLE'
  | 'OUTPUT_PACKAGE_MISSING'
  | 'OUTPUT_SECRET_MISSING'
  | 'OUTPUT_TLS_FILE'
  | 'OUTPUT_TIMEOUT'
  | 'OUTPUT_UNREACHABLE'
  | 'OUTPUT_PRIVATE_ADDRESS'
  | 'OUTPUT_REFUSED';

/**
 * `OUTPUT_NAME_TAKEN`: two outputs have the same name. `OUTPUT_CURSORS_UNREADABLE`: the file of positions exists and
 * cannot be used, which ends the start. `OUTPUT_CURSORS_UNWRITABLE`: the file cannot be saved; the save is retried.
 * `OUTPUT_PACKAGE_MISSING`, `OUTPUT_SECRET_MISSING`, `OUTPUT_TLS_FILE`: an output of the configuration lacks something, which ends the
 * start; a secret or file that disappears later makes deliveries fail. `OUTPUT_TIMEOUT`: a delivery took too long.
 * `OUTPUT_UNREACHABLE`: there is no connection, or it ends without an answer. `OUTPUT_PRIVATE_ADDRESS`: a webhook leads to an address that
 * is not public. `OUTPUT_REFUSED`: the other side refuses the connection or the delivery and says why.
 */
export class OutputError extends CertstreamError {
  readonly exitCode = 2;

  /** The pause that the other side requests before the next try, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: OutputErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
