import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { OutputError } from '../output-error.js';

/** An error answer of JetStream. `err_code` is one of the codes of the nats-server. */
export interface JetStreamApiFailure {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Codes of the nats-server (`errors.json`). */
export const JetStreamCode = {
  NotEnabledForAccount: 10039,
  StorageResourcesExceeded: 10047,
  StreamMessageExceedsMaximum: 10054,
  StreamNameExists: 10058,
  StreamNotFound: 10059,
  StreamSubjectOverlap: 10065,
  StreamReplicasNotSupported: 10074,
  NotEnabled: 10076,
  StreamStoreFailed: 10077,
} as const;

/** Names of the errors of the client; its packages are optional, so their classes are not imported. */
const REFUSALS: Readonly<Record<string, string>> = {
  AuthorizationError: 'check the user and its secret',
  UserAuthenticationExpiredError: 'the credentials have expired; renew them',
};

/** Returns why a connection could not be made, or why it ended. */
export function connectionError(servers: readonly string[], error: unknown): Error {
  if (error instanceof CertstreamError) return error;
  const { name, code } = error as NodeJS.ErrnoException;
  const at = `nats server ${servers.join(', ')}`;
  const hint = REFUSALS[name];
  if (hint !== undefined)
    return new OutputError('OUTPUT_REFUSED', `${at} refuses the connection: ${messageOf(error)}; ${hint}`, {
      cause: error,
    });
  if (code?.startsWith('ERR_TLS') === true || /certificate|TLS|SSL/i.test(`${code} ${messageOf(error)}`))
    return new OutputError('OUTPUT_UNREACHABLE', `${at}: TLS fails: ${messageOf(error)}; check tls`, {
      cause: error,
    });
  return new OutputError('OUTPUT_UNREACHABLE', `${at} cannot be reached: ${messageOf(error)}`, {
    cause: error,
  });
}

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
