import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { type CheckResult, EntryCheck } from './check-entries.js';
import { FollowingServer } from './following-server.js';
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

/** The server follows a log of others through its web servers, while all of them are killed. Then every message is checked. */
export class RealLogRun {
  private readonly random: SeededRandom;
  private fronts: readonly LogFront[] = [];
  private server!: FollowingServer;
  private readonly kills = { log: 0, front: 0 };
  /** What the servers themselves found wrong. */
  private readonly found: string[] = [];

  constructor(private readonly options: RealLogRunOptions) {
    this.random = new SeededRandom(options.seed);
  }

  async run(): Promise<CheckResult> {
    const { log, entries, seed } = this.options;
    const startedAt = Date.now();
    this.fronts = await log.startFronts();
    this.server = await FollowingServer.prepare(log, this.fronts, join(this.options.folder, 'server'));
    await this.server.start();
    await this.server.follows();
    const followers = this.followers();
    const stop = new AbortController();
    const following = followers.map((follower) => follower.follow(stop.signal));
    const submitter = await this.submitAll();
    const head = await this.lastHead(submitter);
    await this.until(() => followers.every((follower) => this.has(follower, head.size)));
    stop.abort();
    await Promise.all(following);
    const late = await this.catchUp(head.size);
    const { mistakes, table } = new EntryCheck(log, this.fronts, [...followers, late], submitter).run(head);
    const { kills } = this;
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
    const summary =
      `${log.name}: ${entries} submissions of ${Object.keys(SHAPES).length + 1} shapes and ${submitter.duplicates} repeated ones, seed ${seed}, ` +
      `became ${head.size} entries in ${seconds} s; killed: the log ${kills.log}, the server ${this.server.kills}, web servers ${kills.front} times`;
    return {
      mistakes: [...submitter.mistakes, ...this.found, ...mistakes],
      table: [summary, '', ...table],
    };
  }

  async end(): Promise<void> {
    await this.server?.end();
    await Promise.all([
      this.options.log.close(),
      ...this.fronts.map(({ process }) => process?.end('SIGTERM')),
    ]);
  }

  private async killServer(): Promise<void> {
    await this.server.kill();
    await delay(this.random.below(500));
    await this.server.start();
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
    const { address } = this.server;
    return [
      new WebSocketFollower('WebSocket, full', '/full-stream?enrich=1', address, 4000),
      new WebSocketFollower('WebSocket, lite', '/?enrich=1', address, 60_000),
      new EventSourceFollower('Server-Sent Events, full', '/sse?stream=full&enrich=1', address, 3000),
    ];
  }

  /** Lets a new server read the whole log, which has its full size. */
  private async catchUp(size: number): Promise<StreamFollower> {
    this.found.push(...(await this.server.mistakes()));
    await this.server.end();
    const { log, folder } = this.options;
    this.server = await FollowingServer.prepare(
      log,
      this.fronts,
      join(folder, 'late-server'),
      this.server.kills,
    );
    await this.server.startAtZero();
    const late = new WebSocketFollower(
      'WebSocket, full, new server',
      '/full-stream?enrich=1',
      this.server.address,
      60_000,
    );
    const stop = new AbortController();
    const following = late.follow(stop.signal);
    await this.until(() => this.has(late, size));
    stop.abort();
    await following;
    this.found.push(...(await this.server.mistakes()));
    return late;
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
}
