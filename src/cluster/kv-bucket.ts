import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { messageOf } from '../kernel/certstream-error.js';
import type { ProblemLogTarget } from '../logging/problem-log.js';
import {
  apiFailure,
  EXPECTED_LAST_SEQUENCE,
  type JetStreamApiFailure,
  JetStreamCode,
  NANOSECONDS_PER_MS,
  NO_RESPONDERS,
  streamOf,
} from '../nats/jetstream-api.js';
import type { ClusterConnection } from './cluster-connection.js';
import { refused, startError, unavailable } from './bucket-errors.js';
import { ClusterError } from './cluster-error.js';
import { recordKey, textOfKey } from './record-key.js';
import type { SharedRecord, SharedRecords } from './shared-records.js';

/** Time limit for one write. */
const WRITE_WITHIN_MS = 1500;
/** Writes that collide with another one in progress are repeated so often. */
const MAX_TRIES = 5;

/** The process that wrote a record. */
const WRITER = 'Ct-Writer';
/** The revision that the writer had read before it began to write. All records since are its own. */
const SINCE = 'Ct-Since';

export interface BucketOptions {
  readonly name: string;
  readonly replicas: number;
  /** Age after which records are removed, milliseconds; 0 for never. */
  readonly maxAgeMs?: number;
}

/** The answer to a write. */
interface PubAck {
  readonly stream?: string;
  readonly seq?: number;
  readonly error?: JetStreamApiFailure;
}

/**
 * A bucket of the key-value store of JetStream with one value for each key. A bucket that was deleted is made again, empty.
 *
 * Every write carries the revision that it follows, so a repeated write is harmless: the second is refused, and the header of the stored
 * record says that it is our own.
 */
export class KvBucket implements SharedRecords {
  private readonly stream: string;
  private readonly subject: string;
  private creating: Promise<void> | undefined;
  private created: string | undefined;

  /** @param writer id of this member. */
  constructor(
    private readonly connection: ClusterConnection,
    private readonly writer: string,
    private readonly options: BucketOptions,
    private readonly log: ProblemLogTarget,
  ) {
    this.stream = `KV_${options.name}`;
    this.subject = `$KV.${options.name}`;
  }

  /**
   * Makes the bucket if it does not exist.
   * @throws ClusterError (`CLUSTER_JETSTREAM_OFF`, `CLUSTER_REFUSED`, `CLUSTER_BUCKET_DIFFERS`, `CLUSTER_UNAVAILABLE`)
   */
  ensure(): Promise<void> {
    this.creating ??= this.create().finally(() => (this.creating = undefined));
    return this.creating;
  }

  async get(key: string): Promise<SharedRecord> {
    const found = await this.last(key);
    return found === undefined
      ? { value: undefined, revision: 0 }
      : { value: found.isDeleted ? undefined : found.value, revision: found.revision };
  }

  async put(key: string, value: Uint8Array, revision: number): Promise<number> {
    let expected = revision;
    for (let tries = 1; ; tries++) {
      const { seq, error } = await this.write(key, value, { expected, since: revision });
      // An error also has the sequence 0.
      if (error === undefined && seq !== undefined) return seq;
      const isBusy = error?.err_code === JetStreamCode.StreamWrongLastSequenceConstant;
      if (!isBusy && error?.err_code !== JetStreamCode.StreamWrongLastSequence)
        throw refused(this.options.name, error);
      const last = await this.last(key);
      if (last === undefined && revision > 0)
        throw new ClusterError(
          'CLUSTER_RECORD_LOST',
          `cluster: the record ${key} no longer exists in the bucket ${this.options.name}`,
        );
      const isOwn = last !== undefined && last.writer === this.writer && last.since === revision;
      if (isOwn && last.expected === expected && Buffer.compare(last.value, value) === 0)
        return last.revision;
      if (isOwn) expected = last.revision;
      else if (last?.revision !== undefined && last.revision !== expected)
        throw new ClusterError('CLUSTER_FENCED', `cluster: another member has written the record ${key}`);
      if (tries >= MAX_TRIES)
        throw new ClusterError(
          'CLUSTER_UNAVAILABLE',
          `cluster: the record ${key} is being written by others`,
        );
    }
  }

  /** Writes a record whatever its revision is. @throws ClusterError (`CLUSTER_UNAVAILABLE`) */
  async set(key: string, value: Uint8Array): Promise<void> {
    const { error } = await this.write(key, value, {});
    if (error !== undefined) throw refused(this.options.name, error);
  }

  async keys(): Promise<string[]> {
    const { manager } = this.connection;
    const info = await this.request(() =>
      manager.streams.info(this.stream, { subjects_filter: `${this.subject}.>` }),
    );
    const prefix = this.subject.length + 1;
    return Object.keys(info.state.subjects ?? {})
      .map((subject) => textOfKey(subject.slice(prefix)))
      .filter((key) => key !== undefined);
  }

  private async last(key: string): Promise<StoredRecord | undefined> {
    const subject = `${this.subject}.${recordKey(key)}`;
    const message = await this.request(() =>
      this.connection.manager.streams.getMessage(this.stream, { last_by_subj: subject }),
    );
    if (message === null) return undefined;
    const { data, header, seq } = message;
    return {
      value: data,
      revision: seq,
      writer: header.get(WRITER),
      since: numberOf(header, SINCE),
      expected: numberOf(header, EXPECTED_LAST_SEQUENCE),
      isDeleted: header.has('KV-Operation'),
    };
  }

  private async write(
    key: string,
    value: Uint8Array,
    { expected, since }: { readonly expected?: number; readonly since?: number },
  ): Promise<PubAck> {
    const { nats } = this.connection;
    const head = this.connection.newHeaders();
    if (expected !== undefined) head.set(EXPECTED_LAST_SEQUENCE, String(expected));
    if (since !== undefined) head.set(SINCE, String(since));
    head.set(WRITER, this.writer);
    return this.request(async () => {
      let answer: Msg;
      try {
        answer = await nats.request(`${this.subject}.${recordKey(key)}`, value, {
          timeout: WRITE_WITHIN_MS,
          headers: head,
        });
      } catch (error) {
        if (!isWithoutResponders(error)) throw error;
        return { error: { code: NO_RESPONDERS, err_code: JetStreamCode.StreamNotFound } };
      }
      return answer.json<PubAck>();
    });
  }

  /** Sends a request. Makes the bucket again if it is gone, and repeats the request once. @throws ClusterError (`CLUSTER_UNAVAILABLE`) */
  private async request<T>(send: () => Promise<T>): Promise<T> {
    const { name } = this.options;
    if (!this.connection.isConnected) throw unavailable(name, 'no nats server is connected');
    for (let tries = 1; ; tries++) {
      try {
        const answer = await send();
        const failure = (answer as PubAck | null)?.error;
        if (failure?.err_code !== JetStreamCode.StreamNotFound) return answer;
        if (tries > 1) throw unavailable(name, 'no leader answers');
      } catch (error) {
        if (error instanceof ClusterError) throw error;
        if (tries > 1 || apiFailure(error)?.err_code !== JetStreamCode.StreamNotFound)
          throw unavailable(name, messageOf(error), error);
      }
      await this.ensure();
    }
  }

  private async create(): Promise<void> {
    const { name, replicas, maxAgeMs = 0 } = this.options;
    try {
      const { created, config } = await streamOf(this.connection.manager, {
        name: this.stream,
        subjects: [`${this.subject}.>`],
        description: 'Created by certstream-server-nest',
        storage: 'file',
        discard: 'new',
        max_msgs_per_subject: 1,
        max_age: maxAgeMs * NANOSECONDS_PER_MS,
        duplicate_window: 0,
        num_replicas: replicas,
        allow_rollup_hdrs: true,
        deny_delete: true,
        allow_direct: true,
      });
      if (config.num_replicas !== replicas)
        throw new ClusterError(
          'CLUSTER_BUCKET_DIFFERS',
          `cluster: the stream ${this.stream} of the bucket ${name} has ${config.num_replicas} replicas, and cluster.replicas is ${replicas}; set the same number, or change the stream with the nats tool`,
        );
      if (this.created !== undefined && this.created !== created)
        this.log.warn(`cluster: the bucket ${name} was deleted; it is made again, empty`, {});
      this.created = created;
    } catch (error) {
      throw startError(name, error);
    }
  }
}

interface StoredRecord {
  readonly value: Uint8Array;
  readonly revision: number;
  readonly writer: string;
  readonly since: number;
  /** The revision that the record followed. */
  readonly expected: number;
  readonly isDeleted: boolean;
}

function numberOf(head: MsgHdrs, name: string): number {
  const text = head.get(name);
  return text === '' ? -1 : Number(text);
}

function isWithoutResponders(error: unknown): boolean {
  return (
    (error as { isNoResponders?: () => boolean }).isNoResponders?.() === true ||
    /no responders/i.test(messageOf(error))
  );
}
