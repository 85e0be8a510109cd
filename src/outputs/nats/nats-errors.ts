import { type JetStreamApiFailure, JetStreamCode } from '../../nats/jetstream-api.js';
import { OutputError } from '../output-error.js';

/** Returns why the server does not allow a subject. */
export function permissionError(error: { readonly message: string }): OutputError {
  return new OutputError(
    'OUTPUT_REFUSED',
    `the nats server denies a right: ${error.message}; grant it to the user`,
    {
      cause: error,
    },
  );
}

export function jetStreamOff(cause?: unknown): OutputError {
  return new OutputError(
    'OUTPUT_JETSTREAM_OFF',
    'JetStream is not enabled on the nats server, or not for this account; add `jetstream {}` to its configuration',
    { cause },
  );
}

/** Returns the error for a subject that no stream stores. */
export function noStream(subject: string): OutputError {
  return new OutputError(
    'OUTPUT_STREAM_MISSING',
    `no stream of JetStream stores ${subject}; it was deleted, or it has no leader`,
  );
}

/** Returns why JetStream did not store a message or create a stream. */
export function jetStreamError(doing: string, { code, err_code, description }: JetStreamApiFailure): Error {
  if (err_code === JetStreamCode.NotEnabledForAccount || err_code === JetStreamCode.NotEnabled)
    return jetStreamOff();
  const text = `JetStream cannot ${doing}: ${description ?? 'no reason given'} (${err_code ?? code})`;
  if (isFull(err_code, description ?? ''))
    return new OutputError(
      'OUTPUT_STREAM_FULL',
      `${text}; raise the limits of the stream or the server, free disk space, or let the stream discard old messages`,
    );
  return new OutputError('OUTPUT_REFUSED', text);
}

function isFull(code: number | undefined, description: string): boolean {
  return (
    code === JetStreamCode.StorageResourcesExceeded ||
    /maximum (bytes|messages)|no space|insufficient|resource limits/i.test(description)
  );
}
