import { CertstreamError } from '../kernel/certstream-error.js';

/** Codes of the positions of outputs. */
type PositionCode =
  'OUTPUT_NAME_TAKEN' | 'OUTPUT_CURSORS_UNREADABLE' | 'OUTPUT_CURSORS_UNWRITABLE' | 'OUTPUT_POSITION_NEWER';

/** An output of the configuration lacks something. This ends the start; later it makes deliveries fail. */
type MissingCode =
  | 'OUTPUT_PACKAGE_MISSING'
  | 'OUTPUT_SECRET_MISSING'
  | 'OUTPUT_TLS_FILE'
  | 'OUTPUT_NODE_VERSION'
  | 'OUTPUT_FOLDER_IN_USE'
  | 'OUTPUT_DEAD_LETTERS_UNWRITABLE';

/** A delivery failed. It is repeated. */
type DeliveryCode =
  | 'OUTPUT_UNREACHABLE'
  | 'OUTPUT_TIMEOUT'
  | 'OUTPUT_REFUSED'
  | 'OUTPUT_PRIVATE_ADDRESS'
  | 'OUTPUT_TOPIC_MISSING'
  | 'OUTPUT_JETSTREAM_OFF'
  | 'OUTPUT_STREAM_MISMATCH'
  | 'OUTPUT_STREAM_MISSING'
  | 'OUTPUT_STREAM_FULL'
  | 'OUTPUT_FOLDER_UNWRITABLE'
  | 'OUTPUT_FOLDER_REMOVED'
  | 'OUTPUT_DISK_FULL';

export type OutputErrorCode = PositionCode | MissingCode | DeliveryCode;

/** An error of an output. docs/errors.md explains the codes. */
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

  /** Returns an error whose message begins with the name of the output. */
  static of(output: string, error: unknown): unknown {
    if (!(error instanceof OutputError) || error.message.startsWith(`output ${output}`)) return error;
    return new OutputError(error.code as OutputErrorCode, `output ${output}: ${error.message}`, {
      cause: error.cause,
      retryAfterMs: error.retryAfterMs,
    });
  }
}

/** Makes the error for a secret that is missing. */
export function secretMissing(message: string, cause?: unknown): OutputError {
  return new OutputError('OUTPUT_SECRET_MISSING', message, { cause });
}

/** Makes the error for a file of TLS that cannot be used. */
export function tlsFileUnusable(message: string, cause?: unknown): OutputError {
  return new OutputError('OUTPUT_TLS_FILE', message, { cause });
}
