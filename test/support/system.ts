import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleMetadata } from '@nestjs/common';
import { configSchema, type CertstreamConfig } from '../../src/config/config-schema.js';
import { TailingService } from '../../src/ct-log/following/tailing.service.js';
import { AppLogger } from '../../src/logging/app-logger.js';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { SimulatedLogOptions } from '../../src/simulator/log/simulated-log-options.js';
import { startServer, type RunningServer } from '../../src/start-server.js';
import { CertificateFeed } from '../../src/feed/certificate-feed.js';
import { type LogFigures, logFigures } from './log-figures.js';
import { StreamReader } from './stream-reader.js';

/** Sections of a configuration, each key optional. */
export type ConfigInput = { [Section in keyof CertstreamConfig]?: Record<string, unknown> };

export interface SystemOptions {
  readonly logs?: readonly SimulatedLogOptions[];
  /**
   * Sections in addition to those that select the simulator. A function gets the simulator, for sections that name
   * its logs.
   */
  readonly config?: ConfigInput | ((simulator: CtLogSimulator) => ConfigInput);
  readonly imports?: ModuleMetadata['imports'];
}

/** The simulator, the real server configured for it, and a temporary folder. */
export class TestSystem {
  /** All log lines of the server. */
  readonly output: string[] = [];
  server!: RunningServer;
  private readonly readers: StreamReader[] = [];

  private constructor(
    readonly simulator: CtLogSimulator,
    readonly folder: string,
    private readonly options: SystemOptions,
  ) {}

  /** Starts simulator and server and waits until every listed log is followed. */
  static async start(options: SystemOptions = {}): Promise<TestSystem> {
    const system = await TestSystem.prepare(options);
    await system.startServer();
    await system.following();
    return system;
  }

  /** Starts the simulator only. */
  static async prepare(options: SystemOptions = {}): Promise<TestSystem> {
    const simulator = await CtLogSimulator.start({ logs: options.logs ?? [], certificates: 200 });
    return new TestSystem(simulator, mkdtempSync(join(tmpdir(), 'certstream-test-')), options);
  }

  /** Returns the configuration that selects the simulator, with the sections of the test. */
  config(): CertstreamConfig {
    const sections = this.sections();
    const config = configSchema.parse(sections);
    if (sections.webserver?.['listen_port'] === undefined) config.webserver.listen_port = 0;
    if (sections.prometheus?.['listen_port'] === undefined) config.prometheus.listen_port = 0;
    return config;
  }

  /** Writes the configuration for the built command, which needs a port. @returns the path. */
  configFile(port: number): string {
    const sections = this.sections();
    const path = join(this.folder, 'config.yaml');
    const webserver = { ...sections.webserver, listen_port: port };
    writeFileSync(path, JSON.stringify({ ...sections, webserver }));
    return path;
  }

  private sections(): ConfigInput {
    const keyFile = join(this.folder, 'log-list-key.pem');
    writeFileSync(keyFile, this.simulator.publicKeyPem);
    const base: ConfigInput = {
      webserver: { listen_addr: '127.0.0.1' },
      // Server and clients share one thread here: a client that reads late is not slow.
      general: { buffer_sizes: { websocket: 1_000_000 } },
      log_list: {
        url: this.simulator.logListUrl,
        public_key_path: keyFile,
        cache_file: join(this.folder, 'log_list.json'),
      },
      ct_log: { poll_interval_seconds: 0.25, evidence_dir: join(this.folder, 'evidence') },
      log: { level: 'debug' },
    };
    const { config: given = {} } = this.options;
    const wanted = typeof given === 'function' ? given(this.simulator) : given;
    const names = Object.keys({ ...base, ...wanted }) as (keyof ConfigInput)[];
    return Object.fromEntries(names.map((name) => [name, { ...base[name], ...wanted[name] }]));
  }

  async startServer(config = this.config()): Promise<RunningServer> {
    const logger = new AppLogger({ ...config.log, write: (line) => this.output.push(line) });
    this.server = await startServer(config, { logger, imports: this.options.imports });
    return this.server;
  }

  /** Resolves when every listed log has the state `following`. */
  async following(count = this.simulator.logs.filter(({ listed }) => listed).length): Promise<void> {
    const tailing = this.server.app.get(TailingService);
    await this.eventually(
      () => tailing.followed().filter(({ status }) => status.state === 'following').length >= count,
      `${count} logs to be followed`,
    );
  }

  /** The feed inside the running server. */
  get stream(): CertificateFeed {
    return this.server.app.get(CertificateFeed);
  }

  /** Connects a client to `/full-stream`, `/`, `/domains-only` or any other path. */
  async connect(path: string): Promise<StreamReader> {
    const reader = await StreamReader.connect(this.server.url.replace('http', 'ws') + path);
    this.readers.push(reader);
    return reader;
  }

  /** Requests a page over plain HTTP. */
  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.server.url + path, init);
  }

  /** Returns the live numbers of one followed log; undefined when it is not followed. */
  statsOf(log: { readonly url: string }): LogFigures | undefined {
    const url = log.url.replace(/\/+$/, '');
    const followed = this.server.app.get(TailingService).followed();
    const found = followed.find(({ log: { source } }) => source.url === url);
    return found && logFigures(found.counters, found.status);
  }

  /** Checks the condition at short intervals until it holds, for state without an event. */
  async eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + 50_000;
    while (!(await condition())) {
      if (Date.now() > deadline)
        throw new Error(`gave up waiting for ${what}\n${this.output.slice(-30).join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.readers) socket.terminate();
    // Tests that check the stop await the same promise.
    await this.server?.stop().catch(() => undefined);
    await this.simulator.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
