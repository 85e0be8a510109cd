import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { freePort } from '../../../src/testing/free-port.js';
import { createServerCertificate } from '../../../src/simulator/server-certificate.js';
import { readTopic } from './kafka-topic.js';
import type { StoredMessage, TestBroker } from './test-broker.js';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
/** A folder with the JAR files of Kafka 4 in `libs`: KAFKA_HOME, or the one that fetch-kafka.sh fills. */
const HOME = process.env.KAFKA_HOME ?? join(CACHE, 'certstream-server-nest', 'kafka');
const CLASS_PATH = join(HOME, 'libs', '*');
const START_WITHIN_MS = 90_000;
const CLUSTER = createHash('md5').update('certstream').digest('base64url');

/** The reason why Kafka cannot run on this machine, and what to do; undefined if it can. */
export const NO_KAFKA = reason();

function reason(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return 'there is no java; install Java 17 or newer';
  if (existsSync(join(HOME, 'libs'))) return undefined;
  return `${HOME} does not have Kafka; run test/support/brokers/fetch-kafka.sh, or name its folder in KAFKA_HOME`;
}

/** The users and passwords of {@link KafkaBroker.secure}. */
export const KAFKA_USER = { username: 'certstream', password: 'a secret of the tests' } as const;
/** A user that authenticates and may not write to any topic. */
export const KAFKA_READER = { username: 'reader', password: 'another secret of the tests' } as const;

export interface KafkaBrokerOptions {
  /** Topic of {@link KafkaBroker.settings}. Default: `certstream` with 6 partitions. It is created. */
  readonly topic?: string;
  readonly partitions?: number;
  /** Properties of the topic, such as `max.message.bytes`. */
  readonly topicProperties?: Readonly<Record<string, string>>;
  /** Further properties of the broker. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A single Kafka in KRaft mode. It does not create topics by itself. It has a listener without protection, and {@link secure}. */
export class KafkaBroker implements TestBroker {
  readonly topic: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'certstream-kafka-'));
  private readonly certificate = createServerCertificate(['127.0.0.1']);
  private readonly clientCertificate = createServerCertificate(['certstream'], { ca: this.certificate.ca });
  private process: ChildProcess | undefined;

  private constructor(
    private readonly ports: Readonly<Record<'plain' | 'sasl' | 'tls' | 'controller', number>>,
    private readonly options: KafkaBrokerOptions,
  ) {
    this.topic = options.topic ?? 'certstream';
  }

  static async start(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
    const ports = {
      plain: await freePort(),
      sasl: await freePort(),
      tls: await freePort(),
      controller: await freePort(),
    };
    const broker = new KafkaBroker(ports, options);
    try {
      broker.format();
      await broker.restart();
      await broker.createTopic(broker.topic, options.partitions ?? 6, options.topicProperties);
    } catch (error) {
      await broker.stop();
      throw error;
    }
    return broker;
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { type: 'kafka', brokers: [this.address], topic: this.topic };
  }

  /** `host:port` of the listener without protection. */
  get address(): string {
    return `127.0.0.1:${this.ports.plain}`;
  }

  /** The keys of `outputs` for the listener with TLS and SASL, without `sasl.mechanism`. {@link KAFKA_USER} may write. */
  get secure(): { readonly brokers: string[]; readonly tls: { readonly ca: string } } {
    return { brokers: [`127.0.0.1:${this.ports.sasl}`], tls: { ca: join(this.folder, 'ca.pem') } };
  }

  /** The keys of `outputs` for the listener that asks for a client certificate. */
  get certified(): {
    readonly brokers: string[];
    readonly tls: Readonly<Record<'ca' | 'cert' | 'key', string>>;
  } {
    const file = (name: string) => join(this.folder, `${name}.pem`);
    return {
      brokers: [`127.0.0.1:${this.ports.tls}`],
      tls: { ca: file('ca'), cert: file('client'), key: file('client-key') },
    };
  }

  async createTopic(
    name: string,
    partitions: number,
    properties: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const configs = Object.entries(properties).map(([key, value]) => ({ name: key, value }));
    await this.admin((admin) => admin.createTopics({ topics: [name], partitions, replicas: 1, configs }));
  }

  async kill(): Promise<void> {
    const { process: child } = this;
    this.process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async restart(): Promise<void> {
    const log = createWriteStream(join(this.folder, 'broker.log'), { flags: 'a' });
    const child = spawn(
      'java',
      [
        '-Xmx512m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-cp',
        CLASS_PATH,
        'kafka.Kafka',
        this.file,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child.stdout.pipe(log);
    child.stderr.pipe(log, { end: false });
    this.process = child;
    const deadline = Date.now() + START_WITHIN_MS;
    while (!(await this.isReady())) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`Kafka does not start:\n${this.log().slice(-4000)}`);
      await delay(200);
    }
  }

  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** @param topic default: the topic of {@link settings}. */
  stored(topic = this.topic): Promise<readonly StoredMessage[]> {
    return readTopic(this.address, topic);
  }

  /** Returns what Kafka's own console consumer prints for the first messages: partition, headers, key and value in each line. */
  async consoleConsumer(messages: number, topic = this.topic): Promise<string[]> {
    const options = ['print.partition', 'print.headers', 'print.key'].flatMap((name) => [
      '--property',
      `${name}=true`,
    ]);
    const child = spawn(
      'java',
      ['-cp', CLASS_PATH, 'org.apache.kafka.tools.consumer.ConsoleConsumer']
        .concat(['--bootstrap-server', this.address, '--topic', topic, '--from-beginning'])
        .concat(['--max-messages', String(messages), '--timeout-ms', '60000', ...options]),
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(child, 'close');
    return Buffer.concat(chunks).toString().trimEnd().split('\n');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.folder, 'server.properties');
  }

  private log(): string {
    return readFileSync(join(this.folder, 'broker.log'), 'utf8');
  }

  /** Writes the configuration and the certificates, and prepares the folder of the data. */
  private format(): void {
    const { certPem, keyPem, caPem } = this.certificate;
    writeFileSync(join(this.folder, 'broker.pem'), keyPem + certPem);
    writeFileSync(join(this.folder, 'ca.pem'), caPem);
    writeFileSync(join(this.folder, 'client.pem'), this.clientCertificate.certPem);
    writeFileSync(join(this.folder, 'client-key.pem'), this.clientCertificate.keyPem);
    const properties = Object.entries({ ...this.properties(), ...this.options.properties });
    writeFileSync(this.file, properties.map(([key, value]) => `${key}=${value}\n`).join(''));
    const users = [KAFKA_USER, KAFKA_READER].flatMap(({ username, password }) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${username},password=${password}]`,
      ]),
    );
    const { status, stderr, stdout } = spawnSync(
      'java',
      ['-cp', CLASS_PATH, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', this.file, ...users],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`the folder of Kafka cannot be prepared:\n${stdout}${stderr}`);
  }

  private properties(): Record<string, string> {
    const { plain, sasl, tls, controller } = this.ports;
    const brokers = `PLAIN://127.0.0.1:${plain},SASL://127.0.0.1:${sasl},TLS://127.0.0.1:${tls}`;
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    const users = [KAFKA_USER, KAFKA_READER]
      .map(({ username, password }) => `user_${username}="${password}"`)
      .join(' ');
    return {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'controller.listener.names': 'CONTROLLER',
      listeners: `${brokers},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': brokers,
      'listener.security.protocol.map': 'PLAIN:PLAINTEXT,SASL:SASL_SSL,TLS:SSL,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'PLAIN',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': join(this.folder, 'broker.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': join(this.folder, 'ca.pem'),
      'listener.name.tls.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.sasl.scram-sha-256.sasl.jaas.config': scram,
      'listener.name.sasl.scram-sha-512.sasl.jaas.config': scram,
      'listener.name.sasl.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': `User:ANONYMOUS;User:${KAFKA_USER.username};User:CN=certstream`,
      'log.dirs': join(this.folder, 'data'),
      'offsets.topic.replication.factor': '1',
      'offsets.topic.num.partitions': '1',
      'group.initial.rebalance.delay.ms': '0',
      'auto.create.topics.enable': 'false',
    };
  }

  private async isReady(): Promise<boolean> {
    try {
      await this.admin((admin) => admin.listTopics());
      return true;
    } catch {
      return false;
    }
  }

  private async admin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [this.address], retries: 0 });
    try {
      return await use(admin);
    } finally {
      await admin.close();
    }
  }
}
