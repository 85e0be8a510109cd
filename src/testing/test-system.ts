import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { type ConfigInput, defineConfig } from '../config/checked-config.js';
import type { ConfigSectionDefinition } from '../config/config-namespace.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { type FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { AppLogger } from '../logging/app-logger.js';
import { CtLogSimulator } from '../simulator/ct-log-simulator.js';
import type { SimulatedLogOptions } from '../simulator/log/simulated-log-options.js';
import { startServer, type RunningServer } from '../start-server.js';
import { type CliOptions, type RunningCli, startCli } from './cli-process.js';
import { freePort } from './free-port.js';
import { StreamReader } from './stream-reader.js';

/** Sections of a configuration. Their keys override those that connect the server to the simulator. */
export type TestConfig = Readonly<
  Record<string, Readonly<Record<string, unknown>> | readonly object[] | undefined>
>;

export interface TestSystemOptions {
  readonly logs?: readonly SimulatedLogOptions[];
  /** Sections of the configuration, or a function that gets the simulator and returns sections that name its logs. */
  readonly config?: TestConfig | ((simulator: CtLogSimulator) => TestConfig);
  /** Modules to run inside the server. */
  readonly imports?: ModuleMetadata['imports'];
  /** Sections that those modules add to the configuration. */
  readonly sections?: readonly ConfigSectionDefinition<object>[];
}

const GIVE_UP_MS = 200_000;

/**
 * The CT log simulator, a real server that follows its logs, and a temporary folder. {@link close} removes the folder. The server
 * runs in this process ({@link startServer}), in its own process ({@link startProcess}), or inside another application
 * ({@link attach}).
 */
export class TestSystem {
  /** All log lines of a server in this process. */
  readonly output: string[] = [];
  server!: RunningServer;
  /** Base URL of the last started server, without trailing slash. */
  url = '';
  private app: INestApplicationContext | undefined;
  private readonly readers: StreamReader[] = [];
  private readonly processes: RunningCli[] = [];

  private constructor(
    readonly simulator: CtLogSimulator,
    readonly folder: string,
    private readonly options: TestSystemOptions,
  ) {}

  /** Starts simulator and server in this process, and waits until every listed log is followed. */
  static async start(options: TestSystemOptions = {}): Promise<TestSystem> {
    const system = await TestSystem.prepare(options);
    await system.startServer();
    await system.following();
    return system;
  }

  /** Starts the simulator only. */
  static async prepare(options: TestSystemOptions = {}): Promise<TestSystem> {
    const simulator = await CtLogSimulator.start({ logs: options.logs ?? [], certificates: 200 });
    return new TestSystem(simulator, mkdtempSync(join(tmpdir(), 'certstream-test-')), options);
  }

  /** Returns the sections that connect the server to the simulator, merged with the test's sections, for `CertstreamModule.forRoot`. */
  input(): ConfigInput {
    const keyFile = join(this.folder, 'log-list-key.pem');
    writeFileSync(keyFile, this.simulator.publicKeyPem);
    const base: TestConfig = {
      webserver: { listen_addr: '127.0.0.1' },
      // Server and clients share one thread here, so a client that reads late must not count as slow.
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
    const names = Object.keys({ ...base, ...wanted });
    return Object.fromEntries(
      names.map((name) => {
        const section = wanted[name];
        return [name, Array.isArray(section) ? section : Object.assign({}, base[name], section)];
      }),
    );
  }

  /** Returns the complete, checked configuration. The default port is 0: the system chooses a free port. */
  config(): CertstreamConfig {
    const { webserver = {}, prometheus = {}, ...rest } = this.input();
    const ports = [webserver.listen_port ?? 0, prometheus.listen_port ?? 0];
    const config = defineConfig(
      {
        ...rest,
        webserver: { ...webserver, listen_port: ports[0] || 1 },
        prometheus: { ...prometheus, listen_port: ports[1] || 2 },
      },
      this.options.sections,
    );
    [config.webserver.listen_port, config.prometheus.listen_port] = ports;
    return config;
  }

  /** Writes the configuration for the command, with metrics on the port of the streams. @returns the path. */
  configFile(port: number): string {
    const input = this.input();
    const path = join(this.folder, 'config.yaml');
    const webserver = { ...input.webserver, listen_port: port };
    const prometheus = { listen_addr: webserver.listen_addr, listen_port: port, ...input.prometheus };
    writeFileSync(path, JSON.stringify({ ...input, webserver, prometheus }));
    return path;
  }

  /** Starts the server in this process. */
  async startServer(config = this.config()): Promise<RunningServer> {
    const logger = new AppLogger({ ...config.log, write: (line) => this.output.push(line) });
    this.server = await startServer(config, { logger, imports: this.options.imports });
    this.attach(this.server.app, this.server.url);
    return this.server;
  }

  /**
   * Starts `certstream-server serve` in its own process and waits until it listens. Metrics are on the port of the streams.
   * @param args arguments in addition to the configuration, such as `--module`.
   */
  async startProcess(args: readonly string[] = [], options: Partial<CliOptions> = {}): Promise<RunningCli> {
    const port = await freePort();
    const file = this.configFile(port);
    const cli = startCli(['serve', '-c', file, ...args], { cwd: this.folder, ...options });
    this.processes.push(cli);
    await cli.printed(/streams at /);
    this.url = `http://127.0.0.1:${port}`;
    this.app = undefined;
    return cli;
  }

  /** Uses an application that the test started as the server of this system. The test must close it. */
  attach(app: INestApplicationContext, url: string): void {
    this.app = app;
    this.url = url.replace(/\/+$/, '');
  }

  /** Resolves when every listed log has the state `following`. */
  async following(count = this.simulator.logs.filter(({ listed }) => listed).length): Promise<void> {
    await this.eventually(
      async () => (await this.states()).filter((state) => state === 'following').length >= count,
      `${count} logs to be followed`,
    );
  }

  /** Returns the state of each followed log. */
  private async states(): Promise<readonly string[]> {
    const tailing = this.app?.get(TailingService, { strict: false });
    if (tailing !== undefined) return tailing.followed().map(({ status }) => status.state);
    const { logs } = (await (await this.get('/logs')).json()) as { logs: { state: string }[] };
    return logs.map(({ state }) => state);
  }

  /** The feed inside the server that runs in this process. */
  get stream(): CertificateFeed {
    return this.server.app.get(CertificateFeed);
  }

  /** Connects a client to `/full-stream`, `/`, `/domains-only` or any other path. */
  async connect(path: string): Promise<StreamReader> {
    const reader = await StreamReader.connect(this.url.replace('http', 'ws') + path);
    this.readers.push(reader);
    return reader;
  }

  /** Requests a page over plain HTTP. */
  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Returns a log that the server in this process follows, with its live numbers; undefined if it is not followed. */
  followed(log: { readonly url: string }): FollowedLog | undefined {
    const url = log.url.replace(/\/+$/, '');
    const tailing = this.app?.get(TailingService, { strict: false });
    return tailing?.followed().find(({ log: { source } }) => source.url === url);
  }

  /** Checks the condition every 10 ms until it holds. Use it for state that emits no event. */
  async eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + GIVE_UP_MS;
    while (!(await condition())) {
      if (Date.now() > deadline)
        throw new Error(`gave up waiting for ${what}\n${this.output.slice(-30).join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Closes the clients, the servers that this system started and the simulator, and removes the folder. */
  async close(): Promise<void> {
    for (const { socket } of this.readers) socket.terminate();
    // A test that checks the stop awaits the same promise, so its error is not lost.
    await this.server?.stop().catch(() => undefined);
    for (const cli of this.processes) cli.signal('SIGKILL');
    await Promise.all(this.processes.map(({ ended }) => ended));
    await this.simulator.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
