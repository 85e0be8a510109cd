import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetReady } from './log-fleet.js';
import { NatsLink } from './nats-link.js';
import { prepareServer, type ServerFiles } from './server-files.js';
import { type ServerCommand, ServerProcess, THIS_SERVER } from './server-process.js';

export type MemberRole = 'all' | 'ingest' | 'gateway';

export interface MemberOptions {
  readonly name: string;
  readonly role: MemberRole;
  /** Servers as `host:port`. */
  readonly nats: readonly string[];
  readonly replicas: number;
  readonly shardBy: 'operator' | 'log';
  /** Default: the server that was built with the benchmark. */
  readonly command?: ServerCommand;
}

/** One member of a cluster in a process of its own, which can be stopped, killed, paused and started again. */
export class ClusterMember {
  private server: ServerProcess | undefined;

  private constructor(
    readonly options: MemberOptions,
    readonly files: ServerFiles,
    /** Undefined with several nats-servers, because each tells the addresses of the others. */
    readonly link: NatsLink | undefined,
  ) {}

  static async prepare(logs: FleetReady, options: MemberOptions): Promise<ClusterMember> {
    const { name, role, nats, replicas, shardBy } = options;
    const link = nats.length === 1 ? await NatsLink.start(nats[0]) : undefined;
    const files = await prepareServer(logs, `cluster-${name}`, {
      // The states are in the cluster; a state file of a member would only be read once.
      general: { recovery: { enabled: false } },
      ct_log: { poll_interval_seconds: 0.25 },
      cluster: {
        servers: link === undefined ? nats : [link.address],
        role,
        name,
        replicas,
        shard_by: shardBy,
        max_gb: 1,
      },
      stream: { max_buffered_bytes: 268_435_456 },
    });
    return new ClusterMember(options, files, link);
  }

  get url(): string {
    return `http://127.0.0.1:${this.files.port}`;
  }

  get hasStreams(): boolean {
    return this.options.role !== 'ingest';
  }

  /** @param command starts another version. */
  async start(command = this.options.command ?? THIS_SERVER): Promise<void> {
    const { configFile, port, logFile } = this.files;
    const { role } = this.options;
    const options = ['--role', role];
    this.server = ServerProcess.spawn(configFile, port, logFile, { ...command, options });
    await this.server.answers();
  }

  async kill(): Promise<void> {
    await this.server?.kill();
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    return (await this.server?.stop()) ?? null;
  }

  async pause(ms: number): Promise<void> {
    this.server?.signal('SIGSTOP');
    await delay(ms);
    this.server?.signal('SIGCONT');
  }

  /** Returns the body of an answer with status 200, else undefined. */
  async read(path: string): Promise<string | undefined> {
    return this.server?.read(path);
  }

  /** Ends the members. @param print gets the places of their log lines, which are kept; undefined removes all files. */
  static async endAll(members: readonly ClusterMember[], print?: (line: string) => void): Promise<void> {
    await Promise.all(members.map((member) => member.kill()));
    for (const member of members) {
      if (print === undefined) member.removeFiles();
      else print(`log lines of ${member.options.name}: ${member.files.logFile}`);
    }
  }

  private removeFiles(): void {
    rmSync(this.files.folder, { recursive: true, force: true });
  }
}
