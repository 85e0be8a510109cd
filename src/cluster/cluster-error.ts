import { CertstreamError } from '../kernel/certstream-error.js';

/** The start ends with one of these. */
type StartCode =
  | 'CLUSTER_PACKAGE_MISSING'
  | 'CLUSTER_SECRET_MISSING'
  | 'CLUSTER_TLS_FILE'
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_REFUSED'
  | 'CLUSTER_JETSTREAM_OFF'
  | 'CLUSTER_SERVER_TOO_OLD'
  | 'CLUSTER_BUCKET_DIFFERS';

/** A record was not written. */
type RecordCode = 'CLUSTER_FENCED' | 'CLUSTER_UNAVAILABLE' | 'CLUSTER_RECORD_LOST';

export type ClusterErrorCode = StartCode | RecordCode;

/** An error of the cluster. docs/errors.md explains the codes. */
export class ClusterError extends CertstreamError {
  readonly exitCode = 2;

  constructor(
    override readonly code: ClusterErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, message, options);
  }
}

/** Reports whether the error has the code. */
export function hasClusterCode(error: unknown, code: ClusterErrorCode): boolean {
  return error instanceof ClusterError && error.code === code;
}
