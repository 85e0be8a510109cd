import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningCli, startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import type { LogFront, RealLog } from './real-log.js';

/** Part of `/logs` that says whether the server found the log in order. */
interface LogReport {
  readonly name: string;
  readonly state: string;
  readonly entries: { readonly incomplete_chains: number };
  readonly verification: Readonly<Record<string, unknown>>;
  readonly gaps: readonly unknown[];
}

/** The built server in a process of its own, which follows a log at all its fronts and keeps its state over kills. */
export class FollowingServer {
  private process: RunningCli | undefined;
  /** Standard output and standard error of the runs that have ended. */
  private output = '';

  private constructor(
    private readonly fronts: readonly LogFront[],
    private readonly folder: string,
    /** The address of the server for its clients, and the number of its starts. */
    readonly address: { readonly url: string; run: number },
    /** Number of kills. */
    public kills: number,
  ) {}

  /** Writes the configuration. @param folder a new folder. */
  static async prepare(
    log: RealLog,
    fronts: readonly LogFront[],
    folder: string,
    kills = 0,
  ): Promise<FollowingServer> {
    const port = await freePort();
    const listener = { listen_addr: '127.0.0.1', listen_port: port };
    const key = log.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const list = log.protocol === 'tiled' ? 'additional_tiled_logs' : 'additional_logs';
    const config = {
      webserver: { ...listener, compression_enabled: true },
      prometheus: { enabled: true, ...listener },
      general: {
        disable_default_logs: true,
        [list]: fronts.map(({ name, url }) => ({ ...log.config, key, url, description: name })),
        recovery: { enabled: true, ct_index_file: join(folder, 'ct_index.json') },
        buffer_sizes: { websocket: 100_000 },
      },
      stream: { max_buffered_bytes: 268_435_456, restart_grace_seconds: 0 },
      journal: { store: 'disk', path: join(folder, 'journal') },
      ct_log: { verification: 'enforce', poll_interval_seconds: 1 },
    };
    mkdirSync(folder);
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
    return new FollowingServer(fronts, folder, { url: `http://127.0.0.1:${port}`, run: 0 }, kills);
  }

  async start(): Promise<void> {
    this.address.run++;
    this.process = startCli(['serve', '-c', 'config.yaml'], { cwd: this.folder });
    await this.process.printed(/streams at /);
  }

  /** Starts a server whose positions say that it found the logs empty. */
  async startAtZero(): Promise<void> {
    const positions = this.fronts.map(({ url }) => [`${url.replace('http://', '')}#empty`, 0]);
    const index = { _certstream_server_nest: 1, ...Object.fromEntries(positions) };
    writeFileSync(join(this.folder, 'ct_index.json'), JSON.stringify(index));
    await this.start();
  }

  /** Resolves when the server has read a head of the log at each front. From then on it streams all entries. */
  async follows(): Promise<void> {
    for (let following = 0; following < this.fronts.length; await delay(100)) {
      const answer = await fetch(`${this.address.url}/readyz`);
      ({ following } = ((await answer.json()) as { logs: { following: number } }).logs);
    }
  }

  /** Sends SIGKILL. The server can neither send nor save anything after it. */
  async kill(): Promise<void> {
    this.kills++;
    await this.end();
  }

  async end(): Promise<void> {
    this.process?.signal('SIGKILL');
    await this.process?.ended;
    this.output += this.process?.output() ?? '';
    this.process = undefined;
    writeFileSync(join(this.folder, 'server.log'), this.output);
  }

  /** Returns what the server itself found wrong. */
  async mistakes(): Promise<string[]> {
    const answer = await fetch(`${this.address.url}/logs`);
    const { logs } = (await answer.json()) as { logs: LogReport[] };
    return logs.flatMap(({ name, state, entries, verification, gaps }) => {
      const numbers = Object.entries(verification).filter(
        ([, value]) => typeof value === 'number' && value !== 0,
      );
      const { state: proof } = verification;
      return [
        ...(state === 'following' && proof === 'verified'
          ? []
          : [`${name} is ${state} and ${String(proof)}`]),
        ...numbers.map(([key, value]) => `${name}: ${key} is ${String(value)}`),
        ...(entries.incomplete_chains === 0
          ? []
          : [`${name}: ${entries.incomplete_chains} incomplete chains`]),
        ...gaps.map((gap) => `${name} has the gap ${JSON.stringify(gap)}`),
      ];
    });
  }
}
