import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { SharedHeaders } from '../messages/cloud-event.js';
import type { OutputMessage } from '../messages/output-message.js';
import { partitionOf } from './kafka-partitioner.js';

/** A message in the form of the client library. */
export interface KafkaMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  /** The client waits for ever if a value is a string. */
  readonly headers: Map<Buffer, Buffer>;
  /** Time at which the entry was received, milliseconds since the epoch. */
  readonly timestamp: bigint;
  /** Octets of the record in a batch without compression, or a few more. */
  readonly size: number;
  readonly source: OutputMessage;
}

export type KafkaBatchSettings = Pick<SettingsOf<'kafka'>, 'topic' | 'key' | 'max_batch_kb'>;

/** Octets of a batch without its records (record batch, version 2). */
const BATCH_OVERHEAD = 61;
/** Most octets of a record without its key, value and headers. */
const RECORD_OVERHEAD = 21;
/** Octets of the two lengths of a header with fewer than 8192 octets. */
const HEADER_OVERHEAD = 4;
const ID = Buffer.from('ce_id');
/** Number of keys of logs that are kept. More logs than that are not followed. */
const MANY_KEYS = 5000;

/** Chooses the partition of messages and splits them into batches. */
export class KafkaBatches {
  /** Most octets of a batch. Only a single message may be larger. */
  private limit: number;
  /** The partition for the messages of the next batch that have no key. */
  private next = 0;
  private readonly logKeys = new Map<string, Buffer>();
  private readonly headers = new SharedHeaders('ce_', encodeHeaders);

  constructor(private readonly settings: KafkaBatchSettings) {
    this.limit = settings.max_batch_kb * 1024;
  }

  /**
   * Splits messages, in order, into batches for one request each. Messages with the same key go to the same partition, which is the one
   * that Kafka's own producer chooses. Those without a key go to one partition per batch, in turn.
   * @param partitions number of partitions of the topic.
   */
  *cut(messages: readonly OutputMessage[], partitions: number): Generator<readonly KafkaMessage[]> {
    let batch: KafkaMessage[] = [];
    let bytes = BATCH_OVERHEAD;
    for (const source of messages) {
      let message = this.message(source, partitions);
      if (batch.length > 0 && bytes + message.size > this.limit) {
        yield batch;
        batch = [];
        bytes = BATCH_OVERHEAD;
        this.next = (this.next + 1) % partitions;
        if (message.key === undefined) message = { ...message, partition: this.next };
      }
      batch.push(message);
      bytes += message.size;
    }
    if (batch.length > 0) yield batch;
    this.next = (this.next + 1) % partitions;
  }

  /** Makes later batches smaller than one that was too large for the topic. */
  shrink(tooLarge: readonly KafkaMessage[]): void {
    const bytes = tooLarge.reduce((sum, { size }) => sum + size, BATCH_OVERHEAD);
    this.limit = Math.min(this.limit, Math.ceil(bytes / 2));
  }

  private message(source: OutputMessage, partitions: number): KafkaMessage {
    const key = this.key(source);
    const shared = this.headers.of(source);
    const id = Buffer.from(source.id);
    const headers = new Map(shared.headers).set(ID, id);
    const size = RECORD_OVERHEAD + source.size + (key?.length ?? 0) + shared.size + headerSize(ID, id);
    return {
      topic: this.settings.topic,
      partition: key === undefined ? this.next % partitions : partitionOf(key, partitions),
      key,
      value: source.text,
      headers,
      timestamp: BigInt(Math.trunc(source.seen)),
      size,
      source,
    };
  }

  private key(source: OutputMessage): Buffer | undefined {
    switch (this.settings.key) {
      case 'log':
        return this.logKey(source.log);
      case 'domain':
        return bytesOf(source.domain());
      case 'sha256':
        return bytesOf(source.sha256());
      case 'none':
        return undefined;
    }
  }

  private logKey(log: string): Buffer {
    let key = this.logKeys.get(log);
    if (key === undefined) {
      if (this.logKeys.size >= MANY_KEYS) this.logKeys.clear();
      key = Buffer.from(log);
      this.logKeys.set(log, key);
    }
    return key;
  }
}

function encodeHeaders(texts: readonly (readonly [string, string])[]): {
  readonly headers: readonly (readonly [Buffer, Buffer])[];
  readonly size: number;
} {
  const headers = texts.map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const);
  return { headers, size: headers.reduce((sum, [name, value]) => sum + headerSize(name, value), 0) };
}

function headerSize(name: Buffer, value: Buffer): number {
  return HEADER_OVERHEAD + name.length + value.length;
}

function bytesOf(text: string | undefined): Buffer | undefined {
  return text === undefined || text === '' ? undefined : Buffer.from(text);
}
