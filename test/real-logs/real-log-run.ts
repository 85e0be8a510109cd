import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { type RunningCli, startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import { type CheckResult, EntryCheck } from './check-entries.js';
import { LogSubmitter } from './log-submitter.js';
import type { LogFront, PublishedHead, RealLog } from './real-log.js';
import { EventSourceFollower, type StreamFollower, WebSocketFollower } from './stream-follower.js';
import { SHAPES } from './submission-shapes.js';
import type { SubmissionMaker } from './submissions.js';

export interface RealLogRunOptions {
  readonly log: RealLog;
  readonly maker: SubmissionMaker;
  /** A new folder of the test. */
  readonly folder: string;
  /** Number of certificates and precertificates. */
  readonly entries: number;
  readonly seed: number;
}

const SETTLE_MS = 90_000;
/** Number of waves of submissions in a short and in a long run. Every second wave is disturbed, so each kind of kill occurs. */
const WAVES = { short: 12, long: 36 };
/** From this number of submissions on a run is long. */
const LONG = 1000;

/** Part of `/logs` that says whether the server found the log in order. */
interface LogReport {
  readonly name: string;
  readonly state: string;
  readonly entries: { readonly incomplete_chains: number };
  readonly verification: Readonly<Record<string, unknown>>;
  readonly gaps: readonly unknown[];
}

/** The server follows a log of others through its web servers, while all of them are killed. Then every message is checked. */
export class RealLogRun {
  private readonly random: SeededRandom;
  private fronts: readonly LogFront[] = [];
  private server: RunningCli | undefined;
  /** The address of the server for its clients. */
  private readonly address = { url: '', run: 0 };
  private readonly kills = { log: 0, server: 0, front: 0 };

  constructor(private readonly options: RealLogRunOptions) {
    this.random = new SeededRandom(options.seed);
  }

  async run(): Promise<CheckResult> {
    const { log, entries, seed } = this.options;
    const startedAt = Date.now();
    this.fronts = await log.startFronts();
    await this.configure();
    await this.startServer();
    await this.follows();
    const followers = this.followers();
    const stop = new AbortController();
    const following = followers.map((follower) => follower.follow(stop.signal));
    const submitter = await this.submitAll();
    const head = await this.lastHead(submitter);
    await this.until(() => followers.every((follower) => this.has(follower, head.size)));
    stop.abort();
    await Promise.all(following);
    const { mistakes, table } = new EntryCheck(log, this.fronts, followers, submitter).run(head);
    const { kills } = this;
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
    const summary =
      `${log.name}: ${entries} submissions of ${Object.keys(SHAPES).length + 1} shapes and ${submitter.duplicates} repeated ones, seed ${seed}, ` +
      `became ${head.size} entries in ${seconds} s; killed: the log ${kills.log}, the server ${kills.server}, web servers ${kills.front} times`;
    return {
      mistakes: [...submitter.mistakes, ...(await this.serverMistakes()), ...mistakes],
      table: [summary, '', ...table],
    };
  }

  async end(): Promise<void> {
    this.server?.signal('SIGKILL');
    await Promise.all([
      this.options.log.close(),
      ...this.fronts.map(({ process }) => process?.end('SIGTERM')),
    ]);
    await this.server?.ended;
  }

  private async configure(): Promise<void> {
    const { log, folder } = this.options;
    const port = await freePort();
    const listener = { listen_addr: '127.0.0.1', listen_port: port };
    const key = log.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const list = log.protocol === 'tiled' ? 'additional_tiled_logs' : 'additional_logs';
    const config = {
      webserver: { ...listener, compression_enabled: true },
      prometheus: { enabled: true, ...listener },
      general: {
        disable_default_logs: true,
        [list]: this.fronts.map(({ name, url }) => ({ ...log.config, key, url, description: name })),
        recovery: { enabled: true, ct_index_file: join(folder, 'ct_index.json') },
        buffer_sizes: { websocket: 100_000 },
      },
      stream: { max_buffered_bytes: 268_435_456, restart_grace_seconds: 0 },
      journal: { store: 'disk', path: join(folder, 'journal') },
      ct_log: { verification: 'enforce', poll_interval_seconds: 1 },
    };
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
    this.address.url = `http://127.0.0.1:${port}`;
  }

  private async startServer(): Promise<void> {
    this.address.run++;
    this.server = startCli(['serve', '-c', 'config.yaml'], { cwd: this.options.folder });
    await this.server.printed(/streams at /);
  }

  /** Resolves when the server has read a head of the log at each front. From then on it streams all entries. */
  private async follows(): Promise<void> {
    for (let following = 0; following < this.fronts.length; await delay(100)) {
      const answer = await fetch(`${this.address.url}/readyz`);
      ({ following } = ((await answer.json()) as { logs: { following: number } }).logs);
    }
  }

  private async killServer(): Promise<void> {
    this.kills.server++;
    this.server!.signal('SIGKILL');
    await this.server!.ended;
    await delay(this.random.below(500));
    await this.startServer();
  }

  private async killLog(): Promise<void> {
    const { process } = this.options.log;
    this.kills.log++;
    await process.end('SIGKILL');
    await delay(this.random.below(1000));
    await process.start();
  }

  private async killFront(): Promise<void> {
    const front = this.fronts[this.kills.front++ % this.fronts.length];
    // nginx leaves its workers when it is killed.
    await front.process?.end('SIGTERM');
    await delay(this.random.below(1500));
    await front.process?.start();
  }

  private followers(): readonly StreamFollower[] {
    const { address } = this;
    return [
      new WebSocketFollower('WebSocket, full', '/full-stream?enrich=1', address, 4000),
      new WebSocketFollower('WebSocket, lite', '/?enrich=1', address, 60_000),
      new EventSourceFollower('Server-Sent Events, full', '/sse?stream=full&enrich=1', address, 3000),
    ];
  }

  /** Submits in waves of any size. The log, the server or a web server is killed within every second wave. */
  private async submitAll(): Promise<LogSubmitter> {
    const { random } = this;
    const { log, maker, entries } = this.options;
    const proxy = this.fronts.find(({ name }) => name === 'nginx');
    const submitter = new LogSubmitter(log, [
      log.submissionUrl + log.path,
      ...(proxy === undefined ? [] : [proxy.url]),
    ]);
    const waves = entries < LONG ? WAVES.short : WAVES.long;
    const kills = [
      () => this.killLog(),
      () => this.killServer(),
      () => this.killFront(),
      () => Promise.all([this.killServer(), this.killLog()]),
    ];
    for (let made = 0, wave = 0; made < entries; wave++) {
      const count = Math.min(1 + random.below((2 * entries) / waves), entries - made);
      const submissions = Array.from({ length: count }, () => maker.next());
      made += count;
      const kill = wave % 2 === 1 ? kills[(wave >> 1) % kills.length] : undefined;
      const disturbing = kill === undefined ? undefined : delay(random.below(800)).then<unknown>(kill);
      await Promise.all([submitter.submitAll(submissions, 1 + random.below(100)), disturbing]);
      // A CA that submits again gets the same SCT.
      if (wave % 4 === 0) await submitter.submit(submissions[0]);
    }
    return submitter;
  }

  /** Returns the newest tree head after all promised entries are in the tree and the log has not grown for a while. */
  private async lastHead({ promised }: LogSubmitter): Promise<PublishedHead> {
    for (let last = -1; ;) {
      const head = await this.options.log.head();
      if (head.size >= promised.size && head.size === last) return head;
      last = head.size;
      await delay(3000);
    }
  }

  private has(follower: StreamFollower, size: number): boolean {
    return this.fronts.every(({ url }) => follower.complete(url) >= size);
  }

  private async until(condition: () => boolean): Promise<void> {
    for (const deadline = Date.now() + SETTLE_MS; !condition() && Date.now() < deadline;) await delay(100);
  }

  /** Returns what the server itself found wrong. */
  private async serverMistakes(): Promise<string[]> {
    const answer = await fetch(`${this.address.url}/logs`);
    const { logs } = (await answer.json()) as { logs: LogReport[] };
    writeFileSync(join(this.options.folder, 'server.log'), this.server!.output());
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
