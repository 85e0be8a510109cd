import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import type { KillTestOptions, KillTestResult } from './kill-test-options.js';
import { ResumeClient, type ResumeClientOptions } from './resume-client.js';
import { ResumeTally } from './resume-tally.js';
import { prepareServer, type ServerFiles } from './server-files.js';
import { ServerProcess } from './server-process.js';

export interface ResumeTestOptions extends KillTestOptions {
  /** Number of connections of all clients together before the growth stops. */
  readonly reconnects: number;
}

export interface ResumeTestResult extends KillTestResult {
  readonly kills: number;
}

const FILTER = ['com', 'net'];
const CLIENTS: readonly ResumeClientOptions[] = [
  { name: 'lite', path: '/', isWhole: true },
  { name: 'lite, slow', path: '/', isWhole: true, isSlow: true },
  { name: 'domains', path: '/domains-only', isWhole: false },
  { name: 'filtered', path: `/?domain=${FILTER.join(',')}`, isWhole: false },
  { name: 'unique', path: '/?unique=1', isWhole: false },
  { name: 'full, slow', path: '/full-stream', isWhole: true, isSlow: true },
];
const INITIAL = 300;
const SETTLE_MS = 90_000;
const LONGEST_READ_MS = 2500;

/**
 * Disconnects clients at random moments and kills the server, while the logs grow. Checks that every client gets every entry that it
 * wants, and none twice in one run of the server. Keeps the temporary files if there were mistakes.
 */
export async function runResumeTest(options: ResumeTestOptions): Promise<ResumeTestResult> {
  const simulator = await CtLogSimulator.start({
    certificates: 5000,
    logs: Array.from({ length: options.logs }, (_, n) => ({
      name: `log${n}`,
      protocol: n % 2 === 0 ? ('rfc6962' as const) : ('static-ct' as const),
      initialEntries: INITIAL,
      pageSize: 64,
    })),
  });
  const files = await prepareServer(simulator, 'resume-test', {
    ct_log: { poll_interval_seconds: 1 },
    journal: { store: 'disk' },
    stream: { max_buffered_bytes: 2 ** 18, restart_grace_seconds: 0 },
  });
  const { reconnects, kills, rate, seed, print } = options;
  print(
    `resume test: ${reconnects} reconnects, ${kills} kills, ${rate} entries/s, seed ${seed}, ${files.folder}`,
  );
  const test = new ResumeTest(options, simulator, files);
  try {
    const result = await test.run();
    if (result.mistakes.length === 0) rmSync(files.folder, { recursive: true, force: true });
    return result;
  } finally {
    await test.end();
    await simulator.close();
  }
}

class ResumeTest {
  private readonly random: SeededRandom;
  private readonly clients: readonly ResumeClient[];
  private readonly tally: ResumeTally;
  private server: ServerProcess | undefined;
  private readonly address: { readonly url: string; run: number };
  private kills = 0;

  constructor(
    private readonly options: ResumeTestOptions,
    private readonly simulator: CtLogSimulator,
    private readonly files: ServerFiles,
  ) {
    this.random = new SeededRandom(options.seed);
    this.address = { url: `http://127.0.0.1:${files.port}`, run: 0 };
    this.clients = CLIENTS.map((client) => new ResumeClient(client, this.address, this.random));
    this.tally = new ResumeTally(this.clients, FILTER);
  }

  async run(): Promise<ResumeTestResult> {
    const { simulator, options } = this;
    await this.firstRun();
    simulator.startGrowth({ entriesPerSecond: options.rate, headIntervalMs: 250 });
    await this.start();
    const stop = new AbortController();
    const reading = this.clients.map((client) => this.reconnect(client, stop.signal));
    await this.killAtTimes();
    await this.until(() => this.connections >= options.reconnects);
    stop.abort();
    await Promise.all(reading);
    simulator.stopGrowth();
    await this.settle();
    return this.report();
  }

  async end(): Promise<void> {
    await this.server?.kill();
  }

  private get connections(): number {
    return this.clients.reduce((sum, { counts }) => sum + counts.connections, 0);
  }

  /** Stops the first run cleanly, so that every log has a saved position at its first head. */
  private async firstRun(): Promise<void> {
    await this.start();
    await this.server!.follows(this.options.logs);
    await this.server!.stop();
  }

  private async start(): Promise<void> {
    const { configFile, port, logFile } = this.files;
    this.address.run++;
    this.server = ServerProcess.spawn(configFile, port, logFile, this.options.command);
    await this.server.answers();
  }

  private async reconnect(client: ResumeClient, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await client.readFor(100 + this.random.next() * LONGEST_READ_MS);
  }

  /** Spreads the kills over the reconnects. */
  private async killAtTimes(): Promise<void> {
    const { kills, reconnects } = this.options;
    for (let kill = 1; kill <= kills; kill++) {
      await this.until(() => this.connections >= (reconnects * kill) / (kills + 1));
      await delay(this.random.next() * 1000);
      await this.server!.kill();
      this.kills++;
      await this.start();
    }
  }

  private async until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await delay(50);
  }

  /** Connects every client once more, until it has got all entries. */
  private async settle(): Promise<void> {
    const [whole] = this.clients;
    const signal = AbortSignal.timeout(SETTLE_MS);
    const logs = this.logs();
    const isComplete = (): boolean => logs.every(({ url, size }) => whole.has(url, size - 1));
    while (!signal.aborted && !isComplete()) await whole.readUntilLive(isComplete, signal);
    for (const client of this.clients) {
      do await client.readUntilLive(() => true, signal);
      while (!signal.aborted && !client.isLive);
    }
  }

  private logs(): { readonly url: string; readonly size: number }[] {
    return this.simulator.logs.map(({ url, size }) => ({ url: url.replace(/\/+$/, ''), size }));
  }

  private report(): ResumeTestResult {
    const { print } = this.options;
    const mistakes = this.clients.flatMap((client) => client.mistakes);
    const entries = this.simulator.logs.reduce((sum, { size }) => sum + size - INITIAL, 0);
    print(`${this.connections} connections, ${this.kills} kills, ${entries} entries published`);
    print(
      '| client | connections | messages | wanted | missing | repeated under a new cursor | gaps (slow) |',
    );
    print('| --- | --- | --- | --- | --- | --- | --- |');
    for (const row of this.tally.rows(this.logs(), INITIAL)) {
      const { name, connections, messages, wanted, missing, repeated, slowGaps } = row;
      print(`| ${[name, connections, messages, wanted, missing, repeated, slowGaps].join(' | ')} |`);
      if (missing > 0) mistakes.push(`${name}: ${missing} of ${wanted} are missing`);
    }
    for (const mistake of mistakes.slice(0, 20)) print(`WRONG: ${mistake}`);
    print(mistakes.length === 0 ? 'no client misses an entry' : `${mistakes.length} mistakes`);
    return { mistakes, entries, kills: this.kills };
  }
}
