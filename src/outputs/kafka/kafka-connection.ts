import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, Producer, ProducerOptions } from '@platformatic/kafka';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { hostAndPort } from '../../config/sections/outputs/fields.js';
import { readSecret } from '../engine/secret.js';
import { readTlsOptions } from '../engine/tls-options.js';
import type { KafkaMessage } from './kafka-batches.js';
import { isTopicMissing } from './kafka-errors.js';

/** The part of the client library that the output uses. */
export type KafkaPackage = Pick<typeof import('@platformatic/kafka'), 'Producer'>;

const CLIENT_ID = 'certstream-server-nest';
const ALL_REPLICAS = -1;
const CONNECT_MS = 5000;
/** Time for which a topic is asked for, since a broker that creates topics answers at first that there is none. */
const CREATION = { attempts: 8, pauseMs: 250 };

/**
 * A producer of the client library and its connections. After a failure it must be closed and replaced: the library then no longer
 * keeps its session in order.
 */
export class KafkaConnection {
  private readonly connections = new Set<Connection>();

  private constructor(
    private readonly producer: Producer,
    private readonly settings: SettingsOf<'kafka'>,
  ) {
    producer.connections.on('connecting', ({ connection }) => {
      // Without a listener, a second error of the same connection would end the process.
      connection.on('error', () => undefined);
      connection.once('close', () => this.connections.delete(connection));
      this.connections.add(connection);
    });
  }

  /** Does not connect. @throws OutputError when a file of `tls` cannot be read. */
  static async open(kafka: KafkaPackage, settings: SettingsOf<'kafka'>): Promise<KafkaConnection> {
    const options = await producerOptions(settings);
    return new KafkaConnection(new kafka.Producer(options), settings);
  }

  /** Returns the number of partitions of the topic. The brokers are asked every few seconds. */
  async partitions(signal: AbortSignal): Promise<number> {
    const { topic } = this.settings;
    for (let attempt = 1; ; attempt++) {
      try {
        const { topics } = await this.producer.metadata({ topics: [topic], autocreateTopics: true });
        return topics.get(topic)!.partitionsCount;
      } catch (error) {
        if (attempt === CREATION.attempts || !isTopicMissing(error)) throw error;
        await delay(CREATION.pauseMs, undefined, { signal });
      }
    }
  }

  /** Resolves when all replicas in sync have the messages. Calls must not overlap. */
  async send(messages: readonly KafkaMessage[]): Promise<void> {
    const { compression } = this.settings;
    await this.producer.send({ messages: [...messages], acks: ALL_REPLICAS, compression });
  }

  /** Closes all connections at once, also those that wait for an answer. Never rejects. */
  async close(): Promise<void> {
    const sockets = [...this.connections].map(({ socket }) => socket);
    const closed = this.producer.close().catch(() => undefined);
    // The library waits until a broker has read the rest, which one that hangs never does.
    for (const socket of sockets) socket?.destroy();
    await closed;
  }
}

async function producerOptions(
  settings: SettingsOf<'kafka'>,
): Promise<ProducerOptions<Buffer, Buffer, Buffer, Buffer>> {
  const { brokers, sasl, timeout_seconds: seconds } = settings;
  const tls = await readTlsOptions(settings.tls);
  const timeoutMs = seconds * 1000;
  return {
    clientId: CLIENT_ID,
    bootstrapBrokers: brokers.map((broker) => hostAndPort(broker)),
    // An idempotent producer of this library loses messages, and retries are made with a new producer.
    idempotent: false,
    retries: 0,
    repeatOnStaleMetadata: false,
    // All brokers are tried within the time limit of the delivery, so that the error says which cannot be reached.
    connectTimeout: Math.min(CONNECT_MS, Math.ceil(timeoutMs / (brokers.length + 1))),
    requestTimeout: Math.ceil(timeoutMs * 0.9),
    timeout: Math.ceil(timeoutMs * 0.8),
    ...(tls !== undefined && { tls }),
    ...(sasl !== undefined && {
      sasl: {
        mechanism: sasl.mechanism,
        username: sasl.username,
        // Called for each connection.
        password: async () => (await readSecret(sasl, 'password')) ?? '',
      },
    }),
  };
}
