import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jetstream, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect, type ConnectionOptions, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { StoredMessage, TestBroker } from './test-broker.js';

const CACHED = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'certstream-server-nest/nats-server/usr/sbin/nats-server',
);

/** Says how to get the server that the tests need. */
export const NATS_SERVER_MISSING =
  'nats-server is missing, so the tests with NATS are skipped; as root: apt-get install -y nats-server';

/** Returns `NATS_SERVER`, the nats-server on the path or the one in the cache; undefined when there is none. */
export function findNatsServer(): string | undefined {
  const given = process.env['NATS_SERVER'];
  const names = given === undefined ? ['nats-server', '/usr/sbin/nats-server', CACHED] : [given];
  return names.find((name) => spawnSync(name, ['--version'], { timeout: 60_000 }).status === 0);
}

export interface NatsServerOptions {
  /** Whether JetStream is enabled; default true. */
  readonly jetstream?: boolean;
  /** Lines of the configuration file, such as `max_payload: 2048`. */
  readonly config?: string;
  /** What the clients of the test need to connect, such as `user` and `pass`. */
  readonly client?: ConnectionOptions;
}

/** A message as JetStream has stored it. */
export interface JetStreamMessage extends StoredMessage {
  readonly headers: MsgHdrs;
  /** Number in the stream. */
  readonly seq: number;
}

/** A nats-server in a process of its own, with its data in a temporary folder. */
export class NatsServer implements TestBroker {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nats-server-'));
  private process: ChildProcess | undefined;
  private port = -1;

  private constructor(
    private readonly command: string,
    private readonly options: NatsServerOptions,
  ) {}

  /** @param command what {@link findNatsServer} returns. */
  static async start(command: string, options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(command, options);
    await server.restart();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { type: 'nats', servers: [this.address], max_gb: 0.25 };
  }

  async restart(): Promise<void> {
    const { jetstream: hasJetStream = true, config = '' } = this.options;
    const store = hasJetStream ? `jetstream { store_dir: "${join(this.folder, 'data')}" }` : '';
    const file = join(this.folder, 'nats.conf');
    writeFileSync(file, `listen: "127.0.0.1:${this.port}"\n${store}\n${config}\n`);
    const child = spawn(this.command, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.process = child;
    const output: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      output.push(line);
      const port = /Listening for client connections on .*:(\d+)/.exec(line)?.[1];
      if (port !== undefined) this.port = Number(port);
      if (!line.includes('Server is ready')) continue;
      child.stderr.resume();
      return;
    }
    throw new Error(`nats-server did not start:\n${output.join('\n')}`);
  }

  /** Ends the server as an operator does. It hands over what it leads. */
  terminate(): Promise<void> {
    return this.kill('SIGTERM');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Returns the messages of all streams, in order within each stream. */
  stored(): Promise<readonly JetStreamMessage[]> {
    return this.with(async (connection) => {
      const manager = await jetstreamManager(connection);
      const messages: JetStreamMessage[] = [];
      for await (const { config, state } of manager.streams.list()) {
        if (state.messages === 0) continue;
        const consumer = await jetstream(connection).consumers.get(config.name);
        for await (const message of await consumer.consume()) {
          const { subject, headers, seq, data } = message;
          const text = Buffer.from(data);
          messages.push({ id: headers?.get('ce-id'), lane: subject, headers: headers!, seq, text });
          if (message.info.pending === 0) break;
        }
      }
      return messages;
    });
  }

  /** Creates a stream. */
  createStream(config: Partial<StreamConfig> & { readonly name: string }): Promise<void> {
    return this.with(async (connection) => {
      await (await jetstreamManager(connection)).streams.add(config);
    });
  }

  /** Returns the configurations of all streams. */
  streams(): Promise<readonly StreamConfig[]> {
    return this.with(async (connection) => {
      const configs: StreamConfig[] = [];
      for await (const { config } of (await jetstreamManager(connection)).streams.list())
        configs.push(config);
      return configs;
    });
  }

  async updateStream(name: string, changes: Partial<StreamConfig>): Promise<void> {
    await this.with(async (connection) => (await jetstreamManager(connection)).streams.update(name, changes));
  }

  async deleteStream(name: string): Promise<void> {
    await this.with(async (connection) => (await jetstreamManager(connection)).streams.delete(name));
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async with<T>(use: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: this.address, ...this.options.client });
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  }
}
