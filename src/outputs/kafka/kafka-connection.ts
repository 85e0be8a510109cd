import { setTimeout as delay } from 'node:timers/promises';
import { callbackify } from 'node:util';
import type {
  Broker,
  CallbackWithPromise,
  Connection,
  ConnectionPool,
  Producer,
  ProducerOptions,
} from '@platformatic/kafka';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { hostAndPort } from '../../config/sections/outputs/fields.js';
import { readSecret } from '../../config/secret-files.js';
import { readTlsOptions } from '../../config/tls-files.js';
import { serverNames } from '../../kernel/name-lookups.js';
import { secretMissing, tlsFileUnusable } from '../output-error.js';
import type { KafkaMessage } from './kafka-batches.js';
import { isTopicMissing } from './kafka-errors.js';

/** The part of the client library that the output uses. */
export type KafkaPackage = Pick<typeof import('@platformatic/kafka'), 'Producer' | 'NetworkError'>;

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
    const producer = new kafka.Producer(options);
    awaitNames(producer.connections, kafka, options.connectTimeout);
    return new KafkaConnection(producer, settings);
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

/**
 * Makes new connections wait until the name of the broker is resolved. The library looks names up itself, without a bound on look-ups that hang;
 * brokers that it finds through others have names too.
 */
function awaitNames(pool: ConnectionPool, { NetworkError }: KafkaPackage, withinMs: number): void {
  const connect = pool.get.bind(pool);
  const awaitName = callbackify(async ({ host, port }: Broker): Promise<void> => {
    try {
      await serverNames.answered(host, withinMs);
    } catch (cause) {
      throw new NetworkError(`Connection to ${host}:${port} failed.`, { cause: cause as Error });
    }
  });
  const get = (broker: Broker, callback: CallbackWithPromise<Connection>): void => {
    if (pool.has(broker)) connect(broker, callback);
    else
      awaitName(broker, (error) => {
        if (error === null) connect(broker, callback);
        else callback(error, undefined);
      });
  };
  // The library calls it with a callback only.
  pool.get = get as ConnectionPool['get'];
}

async function producerOptions(
  settings: SettingsOf<'kafka'>,
): Promise<ProducerOptions<Buffer, Buffer, Buffer, Buffer> & { readonly connectTimeout: number }> {
  const { brokers, sasl, timeout_seconds: seconds } = settings;
  const tls = await readTlsOptions(settings.tls, tlsFileUnusable);
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
        password: async () => (await readSecret(sasl, 'password', secretMissing)) ?? '',
      },
    }),
  };
}
