import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';

/** An error answer of JetStream. `err_code` is one of the codes of the nats-server. */
export interface JetStreamApiFailure {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Status of the answer of a nats-server to a request that nothing listens to, such as a publish to a subject without a stream. */
export const NO_RESPONDERS = 503;
/** Header of a publish that JetStream stores only if the last message of its subject has this number. */
export const EXPECTED_LAST_SEQUENCE = 'Nats-Expected-Last-Subject-Sequence';
/** Unit of durations in JetStream. */
export const NANOSECONDS_PER_MS = 1_000_000;

/** Codes of the nats-server (`errors.json`). */
export const JetStreamCode = {
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

const CREATED_BY_OTHERS: ReadonlySet<number | undefined> = new Set([
  JetStreamCode.StreamNameExists,
  JetStreamCode.StreamSubjectOverlap,
  JetStreamCode.StreamNotFound,
]);
const CREATE_TRIES = 20;
const CREATE_AGAIN_MS = 100;

/**
 * Returns the stream of this name, and creates it if it does not exist. Other members may create it at the same time; then a server says
 * for a moment that the stream exists, that its subjects overlap, or that it is not found.
 * @throws the error of the client.
 */
export async function streamOf(
  { streams }: JetStreamManager,
  config: Partial<StreamConfig> & { readonly name: string },
): Promise<StreamInfo> {
  for (let tries = 1; ; tries++) {
    try {
      return await streams.info(config.name);
    } catch (error) {
      if (apiFailure(error)?.err_code !== JetStreamCode.StreamNotFound) throw error;
    }
    try {
      return await streams.add(config);
    } catch (error) {
      if (tries === CREATE_TRIES || !CREATED_BY_OTHERS.has(apiFailure(error)?.err_code)) throw error;
    }
    await delay(CREATE_AGAIN_MS);
  }
}
