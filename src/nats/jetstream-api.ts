/** An error answer of JetStream. `err_code` is one of the codes of the nats-server. */
export interface JetStreamApiFailure {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Codes of the nats-server (`errors.json`). */
export const JetStreamCode = {
  NoMessageFound: 10037,
  NotEnabledForAccount: 10039,
  StorageResourcesExceeded: 10047,
  StreamMessageExceedsMaximum: 10054,
  StreamNameExists: 10058,
  StreamNotFound: 10059,
  StreamSubjectOverlap: 10065,
  /** Another message of the subject was stored since the expected one. */
  StreamWrongLastSequence: 10071,
  StreamReplicasNotSupported: 10074,
  NotEnabled: 10076,
  StreamStoreFailed: 10077,
  /** Another message of the subject is being stored; from 2.11 on. */
  StreamWrongLastSequenceConstant: 10164,
} as const;

/** Returns the answer of the server inside an error of the client; its class is not imported. */
export function apiFailure(error: unknown): JetStreamApiFailure | undefined {
  return (error as { apiError?: () => JetStreamApiFailure }).apiError?.();
}

/** Reports whether the server denied the right to publish or to subscribe. */
export function isDenied(error: unknown): boolean {
  const { name, cause } = error as { name?: string; cause?: { name?: string } };
  return [name, cause?.name].includes('PermissionViolationError');
}
