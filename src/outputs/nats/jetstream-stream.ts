import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { apiFailure, isDenied, JetStreamCode, NANOSECONDS_PER_MS } from '../../nats/jetstream-api.js';
import type { JetStreamPackage } from '../../nats/nats-access.js';
import { OutputError } from '../output-error.js';
import type { NatsSettings } from './nats-connection.js';
import { jetStreamError, jetStreamOff } from './nats-errors.js';
import { type NatsSubjects, subjectCovers } from './nats-subjects.js';

const GIB = 1024 ** 3;
const API_TIMEOUT_MS = 10_000;

/**
 * Finds the stream of JetStream that stores the subjects of an output, and creates it if there is none. A stream that exists is not
 * changed. A user without rights on the API of JetStream may only publish; the stream is then not checked.
 * @returns the most octets of a message that the stream stores, as far as that is known
 * @throws OutputError (`OUTPUT_JETSTREAM_OFF`, `OUTPUT_STREAM_MISMATCH`, `OUTPUT_STREAM_FULL`, `OUTPUT_REFUSED`)
 */
export async function prepareStream(
  connection: NatsConnection,
  { jetstreamManager }: JetStreamPackage,
  settings: NatsSettings,
  subjects: NatsSubjects,
): Promise<number> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
  try {
    const largest = await largestStored(manager, subjects.pattern);
    if (largest !== undefined) return largest;
    await createStream(manager, settings, subjects);
    return Infinity;
  } catch (error) {
    if (isDenied(error)) return Infinity;
    throw translated(error, `use the stream ${settings.jetstream}`);
  }
}

/** Returns the most octets of a message in the stream that stores all subjects of the pattern; undefined without such a stream. */
async function largestStored(manager: JetStreamManager, pattern: string): Promise<number | undefined> {
  const partial: string[] = [];
  for await (const name of manager.streams.names(pattern)) {
    const { config } = await manager.streams.info(name);
    const subjects = config.subjects ?? [];
    if (subjects.some((subject) => subjectCovers(subject, pattern))) {
      if (config.no_ack !== true) return config.max_msg_size > 0 ? config.max_msg_size : Infinity;
      throw mismatch(
        `the stream ${name} of JetStream does not acknowledge (no_ack); create it without no_ack`,
      );
    }
    partial.push(`${name} (${subjects.join(', ')})`);
  }
  if (partial.length === 0) return undefined;
  throw mismatch(
    `the subjects ${pattern} are only partly in the stream ${partial.join(' and ')} of JetStream; add ${pattern} to it, or set another subject_prefix`,
  );
}

async function createStream(
  manager: JetStreamManager,
  settings: NatsSettings,
  subjects: NatsSubjects,
): Promise<void> {
  const { jetstream: name, max_gb, duplicate_window_seconds, replicas } = settings;
  const existing = await infoOf(manager, name);
  if (existing !== undefined)
    throw mismatch(
      `the stream ${name} of JetStream exists and has other subjects (${existing.config.subjects?.join(', ') ?? 'none'}); add ${subjects.pattern} to it, or set another name in jetstream`,
    );
  await manager.streams.add({
    name,
    subjects: [subjects.everything],
    description: 'Created by certstream-server-nest',
    storage: 'file',
    discard: 'old',
    max_bytes: max_gb === 0 ? -1 : Math.round(max_gb * GIB),
    duplicate_window: duplicate_window_seconds * 1000 * NANOSECONDS_PER_MS,
    num_replicas: replicas,
  });
}

async function infoOf(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (apiFailure(error)?.err_code === JetStreamCode.StreamNotFound) return undefined;
    throw error;
  }
}

function mismatch(message: string): OutputError {
  return new OutputError('OUTPUT_STREAM_MISMATCH', message);
}

function translated(error: unknown, doing: string): unknown {
  const failure = apiFailure(error);
  if (failure !== undefined) return jetStreamError(doing, failure);
  if ((error as Error).name === 'JetStreamNotEnabled') return jetStreamOff(error);
  return error;
}
