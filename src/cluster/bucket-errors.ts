import { messageOf } from '../kernel/certstream-error.js';
import { apiFailure, isDenied, type JetStreamApiFailure, JetStreamCode } from '../nats/jetstream-api.js';
import { ClusterError } from './cluster-error.js';

/** Returns why a bucket cannot be used now. */
export function unavailable(bucket: string, reason: string, cause?: unknown): ClusterError {
  return new ClusterError('CLUSTER_UNAVAILABLE', `cluster: the bucket ${bucket} cannot be used: ${reason}`, {
    cause,
  });
}

/** Returns why JetStream did not store a record. */
export function refused(bucket: string, error: JetStreamApiFailure | undefined): ClusterError {
  const { description = 'no reason given', err_code, code } = error ?? {};
  return unavailable(bucket, `${description} (${err_code ?? code ?? 'no code'})`);
}

/** Returns why a bucket cannot be made. @param error an error of the client, or a ClusterError. */
export function startError(bucket: string, error: unknown): Error {
  if (error instanceof ClusterError) return error;
  const failure = apiFailure(error);
  const isOff =
    failure?.err_code === JetStreamCode.NotEnabled ||
    failure?.err_code === JetStreamCode.NotEnabledForAccount ||
    (error as Error).name === 'JetStreamNotEnabled';
  if (isOff)
    return new ClusterError(
      'CLUSTER_JETSTREAM_OFF',
      'cluster: JetStream is not enabled on the nats server, or not for this account; add `jetstream {}` to its configuration',
      { cause: error },
    );
  if (isDenied(error))
    return new ClusterError(
      'CLUSTER_REFUSED',
      `cluster: the nats server denies a right: ${messageOf(error)}; grant it to the user`,
      {
        cause: error,
      },
    );
  if (failure?.err_code === JetStreamCode.StreamReplicasNotSupported)
    return new ClusterError(
      'CLUSTER_REFUSED',
      `cluster: the nats server has no cluster of its own, so replicas must be 1`,
      { cause: error },
    );
  return unavailable(bucket, messageOf(error), error);
}
