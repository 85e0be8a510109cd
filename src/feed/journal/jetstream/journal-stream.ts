import type { MsgHdrs } from '@nats-io/transport-node';
import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { messageOf } from '../../../kernel/certstream-error.js';
import { JournalError } from '../journal-error.js';
import { apiFailure, JetStreamCode, NANOSECONDS_PER_MS, streamOf } from '../../../nats/jetstream-api.js';
import type { StreamConnection, StreamSettings } from './stream-connection.js';
import { epochOf, rawSubjects, streamName } from './stream-subjects.js';

/** What the stream holds. */
export interface StreamState {
  readonly epoch: string;
  /** Sequences of the oldest and of the newest message; `first` is `last + 1` without messages. */
  readonly first: number;
  readonly last: number;
  /** When the oldest message was stored, milliseconds since the epoch; undefined without messages. */
  readonly firstTime: number | undefined;
  readonly messages: number;
  readonly bytes: number;
}

/** The last message of a subject. */
export interface LastMessage {
  readonly seq: number;
  readonly headers: MsgHdrs;
}

/** JournalStream is the stream of JetStream that holds the journal. It answers from the leader of the stream, never from a replica. */
export class JournalStream {
  readonly name: string;
  private ensuring: Promise<void> | undefined;
  private latest: StreamState;

  private constructor(
    private readonly connection: StreamConnection,
    private readonly settings: StreamSettings,
    info: StreamInfo,
    /** Differences from the settings that do not matter for the journal, as a sentence; undefined without any. */
    readonly remark: string | undefined,
  ) {
    this.name = info.config.name;
    this.latest = stateOf(info);
  }

  /**
   * Creates the stream, or checks the one that exists, which is not changed.
   * @throws JournalError (`CLUSTER_STREAM_DIFFERS`, `JOURNAL_UNAVAILABLE`)
   */
  static async open(connection: StreamConnection, settings: StreamSettings): Promise<JournalStream> {
    const name = streamName(settings.prefix);
    const wanted = configOf(settings);
    let info: StreamInfo;
    try {
      info = await streamOf(connection.manager, wanted);
    } catch (cause) {
      throw unavailable(name, 'cannot be read or created', cause);
    }
    const problems = differences(info.config, wanted);
    if (problems.length > 0)
      throw new JournalError('CLUSTER_STREAM_DIFFERS', `stream ${name}`, `it has ${problems.join(' and ')}`);
    return new JournalStream(connection, settings, info, remarkOn(info.config, wanted));
  }

  /** The state at the last {@link refresh}. */
  get state(): StreamState {
    return this.latest;
  }

  /** Reads the state, and creates the stream again if it was deleted. @throws the error of the client. */
  async refresh(): Promise<StreamState> {
    const { streams } = this.connection.manager;
    try {
      this.latest = stateOf(await streams.info(this.name));
    } catch (error) {
      if (apiFailure(error)?.err_code !== JetStreamCode.StreamNotFound) throw error;
      await this.ensure();
      this.latest = stateOf(await streams.info(this.name));
    }
    return this.latest;
  }

  /** Creates the stream if it is missing. Another member may do the same at the same time. @throws the error of the client. */
  ensure(): Promise<void> {
    this.ensuring ??= streamOf(this.connection.manager, configOf(this.settings))
      .then(() => undefined)
      .finally(() => (this.ensuring = undefined));
    return this.ensuring;
  }

  /** Returns the last message of a subject; undefined if there is none. @throws the error of the client. */
  async lastOf(subject: string): Promise<LastMessage | undefined> {
    const query = { last_by_subj: subject };
    const message = await this.connection.manager.streams.getMessage(this.name, query);
    return message === null ? undefined : { seq: message.seq, headers: message.header };
  }
}

/** Returns the error for a stream that does not answer. */
export function unavailable(name: string, reason: string, cause: unknown): JournalError {
  return new JournalError(
    'JOURNAL_UNAVAILABLE',
    `stream ${name}`,
    `it ${reason}: ${messageOf(cause)}`,
    cause,
  );
}

function configOf({
  prefix,
  replicas,
  maxBytes,
  maxAgeMs,
}: StreamSettings): Partial<StreamConfig> & { name: string } {
  return {
    name: streamName(prefix),
    description: 'Journal of certstream-server-nest',
    subjects: [rawSubjects(prefix)],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    max_bytes: Math.round(maxBytes),
    max_age: Math.round(maxAgeMs) * NANOSECONDS_PER_MS,
    num_replicas: replicas,
  };
}

/** Returns the settings of a stream that a journal cannot use, each as a part of a sentence. */
function differences(config: StreamConfig, wanted: Partial<StreamConfig>): string[] {
  const found: string[] = [];
  const check = (
    name: keyof StreamConfig,
    is: unknown = config[name],
    must: unknown = wanted[name],
  ): void => {
    if (String(is) !== String(must)) found.push(`${name} ${String(is)} instead of ${String(must)}`);
  };
  check('subjects');
  check('storage');
  check('retention');
  check('discard');
  check('num_replicas');
  check('max_msgs', config.max_msgs ?? -1, -1);
  check('max_msgs_per_subject', config.max_msgs_per_subject ?? -1, -1);
  check('no_ack', config.no_ack ?? false, false);
  check('sealed', config.sealed ?? false, false);
  check('mirror', config.mirror?.name ?? 'none', 'none');
  check('sources', config.sources?.length ?? 0, 0);
  return found;
}

function remarkOn(config: StreamConfig, wanted: Partial<StreamConfig>): string | undefined {
  const { max_bytes: bytes, max_age: age } = config;
  if (bytes === wanted.max_bytes && age === wanted.max_age) return undefined;
  const hours = (nanoseconds: number): number => nanoseconds / NANOSECONDS_PER_MS / 3_600_000;
  return (
    `the stream ${config.name} keeps ${bytes} bytes and ${hours(age)} hours, not the ${wanted.max_bytes} bytes and ` +
    `${hours(wanted.max_age!)} hours of cluster.max_gb and cluster.max_hours; change it with \`nats stream edit\``
  );
}

function stateOf({ created, state }: StreamInfo): StreamState {
  const { messages, bytes, first_seq, last_seq, first_ts } = state;
  const isEmpty = messages === 0;
  return {
    epoch: epochOf(created),
    first: isEmpty ? last_seq + 1 : first_seq,
    last: last_seq,
    firstTime: isEmpty ? undefined : Date.parse(first_ts),
    messages,
    bytes,
  };
}
