import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { OutputError } from '../output-error.js';

/** The fields of the errors of the client library. */
interface LibraryError extends Error {
  readonly code?: string;
  readonly errors?: readonly unknown[];
  /** Name of an error code of the protocol, such as `MESSAGE_TOO_LARGE`. */
  readonly apiId?: string;
  readonly serverErrorMessage?: string | null;
  readonly response?: ProduceResponse;
}

interface ProduceResponse {
  readonly responses?: readonly {
    readonly partitionResponses: readonly { readonly index: number; readonly errorCode: number }[];
  }[];
}

type Settings = Pick<SettingsOf<'kafka'>, 'brokers' | 'topic' | 'tls' | 'sasl'>;

const MESSAGE_TOO_LARGE = 10;
const RECORD_LIST_TOO_LARGE = 18;
/** Most errors of one failure that are looked at. */
const MANY_ERRORS = 100;
/** Most brokers that a message names. */
const MANY_BROKERS = 5;

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Whether the brokers say that the topic does not exist, or do not know its leader yet. */
export function isTopicMissing(error: unknown): boolean {
  return errorsOf(error).some(
    ({ apiId, message }) =>
      apiId === 'UNKNOWN_TOPIC_OR_PARTITION' ||
      apiId === 'LEADER_NOT_AVAILABLE' ||
      message.startsWith('Unknown topic '),
  );
}

/**
 * Returns the partitions of a batch that the brokers refuse because their part is too large. The brokers have stored the other parts.
 * @returns undefined if the batch failed for another reason, at least in part.
 */
export function partitionsTooLarge(
  error: unknown,
  batch: readonly { readonly partition: number }[],
): readonly number[] | undefined {
  const errors = errorsOf(error);
  const answered = new Map<number, number>();
  for (const { response } of errors)
    for (const { partitionResponses } of response?.responses ?? [])
      for (const { index, errorCode } of partitionResponses) answered.set(index, errorCode);
  // Another broker did not answer, or refused its part for another reason.
  if (errors.some((one) => isReason(one) && !TOO_LARGE.has(one.apiId ?? ''))) return undefined;
  const failed = [...answered].filter(([, code]) => code !== 0);
  const isTooLarge = failed.every(([, code]) => code === MESSAGE_TOO_LARGE || code === RECORD_LIST_TOO_LARGE);
  const partitions = failed
    .map(([index]) => index)
    .filter((index) => batch.some((m) => m.partition === index));
  return isTooLarge && partitions.length > 0 ? partitions : undefined;
}

/**
 * Returns an error that says in one line which broker fails for which reason, and what to change.
 * @param isProven whether the brokers have answered on this connection, so that its settings are right.
 */
export function kafkaError(error: unknown, settings: Settings, isProven: boolean): Error {
  const errors = errorsOf(error);
  const own = errors.find((one) => one instanceof CertstreamError);
  if (own !== undefined) return own;
  const { topic, sasl } = settings;
  const isMissing = errors.some(
    ({ apiId, message }) => apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || message.startsWith('Unknown topic '),
  );
  if (isMissing)
    return new OutputError(
      'OUTPUT_TOPIC_MISSING',
      `the topic ${topic} does not exist, and the brokers do not create it; create it, or correct topic`,
      { cause: error },
    );
  const refusal = errors.find(({ apiId }) => apiId !== undefined);
  if (refusal !== undefined)
    return new OutputError('OUTPUT_REFUSED', refusalOf(refusal, settings), { cause: error });
  if (errors.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) {
    const reason = errors.filter((one) => isReason(one)).map(messageOf)[0];
    return new OutputError(
      'OUTPUT_REFUSED',
      `the user ${sasl?.username} cannot authenticate with ${sasl?.mechanism}: ${reason}`,
      { cause: error },
    );
  }
  if (errors.some(({ code }) => code === 'PLT_KFK_NETWORK'))
    return new OutputError('OUTPUT_UNREACHABLE', unreachable(errors, settings, isProven), { cause: error });
  return error instanceof Error ? error : new Error(messageOf(error));
}

function refusalOf({ apiId, serverErrorMessage, message }: LibraryError, settings: Settings): string {
  const { topic, sasl } = settings;
  const detail = serverErrorMessage ?? message;
  switch (apiId) {
    case 'SASL_AUTHENTICATION_FAILED':
      return `the brokers refuse the user ${sasl?.username} with ${sasl?.mechanism}: ${detail}; check username, password and mechanism`;
    case 'UNSUPPORTED_SASL_MECHANISM':
    case 'ILLEGAL_SASL_STATE':
      return `the brokers do not offer ${sasl?.mechanism} at this port; check sasl.mechanism and the port`;
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return `the brokers do not let ${sasl === undefined ? 'an anonymous client' : `the user ${sasl.username}`} write to the topic ${topic}; grant DESCRIBE and WRITE`;
    case 'INVALID_TOPIC_EXCEPTION':
      return `${topic} is not the name of a topic; correct topic`;
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
      return `fewer replicas of the topic ${topic} are in sync than min.insync.replicas requires`;
    case 'REQUEST_TIMED_OUT':
      return `the replicas of the topic ${topic} have not acknowledged in time`;
    case 'LEADER_NOT_AVAILABLE':
      return `a partition of the topic ${topic} has no leader`;
    default:
      return `the brokers answer ${apiId}: ${detail}`;
  }
}

/** Names each broker that could not be reached, and the reason. */
function unreachable(
  errors: readonly LibraryError[],
  { brokers, tls, sasl }: Settings,
  isProven: boolean,
): string {
  const failed = new Map<string, string>();
  for (const error of errors) {
    const [, broker] = /^Connection to (\S+) (?:failed|timed out)/.exec(error.message) ?? [];
    if (broker !== undefined) failed.set(broker, reasonOf(error));
  }
  if (failed.size > 0) {
    const named = [...failed].slice(0, MANY_BROKERS).map(([broker, reason]) => `${broker}: ${reason}`);
    return `brokers cannot be reached: ${named.join('; ')}`;
  }
  if (errors.some(({ message }) => message === 'Request timed out'))
    return `the brokers at ${brokers.join(', ')} do not answer`;
  const missing = [tls === undefined ? 'tls' : '', sasl === undefined ? 'sasl' : ''].filter(
    (key) => key !== '',
  );
  const hint =
    isProven || missing.length === 0 ? '' : `; they have stopped, or expect ${missing.join(' or ')}`;
  return `the brokers at ${brokers.join(', ')} closed the connection${hint}`;
}

function reasonOf(error: LibraryError): string {
  if (/timed out/.test(error.message)) return 'no connection in time';
  const reasons = errorsOf(error).filter((one) => isReason(one));
  return reasons.map(({ message }) => message).join(', ') || error.message;
}

/** Whether an error has no cause of its own. */
function isReason({ errors, cause }: LibraryError): boolean {
  return cause === undefined && (errors === undefined || errors.length === 0);
}

/** Returns an error, its causes and its parts. */
function errorsOf(error: unknown): readonly LibraryError[] {
  const found = new Set<unknown>([error]);
  for (const one of found) {
    const { cause, errors = [] } = (one ?? {}) as LibraryError;
    for (const part of [cause, ...errors])
      if (part instanceof Error && found.size < MANY_ERRORS) found.add(part);
  }
  return [...found].filter((one): one is LibraryError => one instanceof Error);
}
