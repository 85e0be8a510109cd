import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { addRandomFailures } from '../../src/simulator/faults/random-failures.js';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { CrashRun, damagedFiles, type KillMoment, SAVED_WITHIN_MS } from './crash-run.js';
import { CrashTally } from './crash-tally.js';
import { type KeptEntries, journalEntries, outputEntries, slowOutputServer } from './kept-entries.js';
import type { KillTestOptions, KillTestResult } from './kill-test-options.js';
import { prepareServer, type ServerFiles } from './server-files.js';

export interface CrashTestOptions extends KillTestOptions {
  /** Longest run of a server. */
  readonly seconds: number;
  /** Percentage of the requests to the logs that fail. */
  readonly fail: number;
  /** Not 0: the journal is on disk and is checked. */
  readonly disk: number;
  /** Not 0: the server has an output that acknowledges late and is checked. */
  readonly output: number;
}

export interface CrashTestResult extends KillTestResult {
  readonly repeated: number;
}

const INITIAL = 300;
const SETTLE_MS = 60_000;

/** Runs the whole test. Keeps the temporary files if there were mistakes. */
export async function runCrashTest(options: CrashTestOptions): Promise<CrashTestResult> {
  const { print, logs, kills, seed } = options;
  const simulator = await startSimulator(logs);
  const journal = { store: options.disk > 0 ? 'disk' : 'memory' };
  const files = await prepareServer(simulator, 'crash-test', {
    ct_log: { poll_interval_seconds: 1, request_timeout_seconds: 5 },
    journal,
  });
  print(`crash test: ${kills} kills, ${logs} logs, ${options.rate} entries/s, seed ${seed}, ${files.folder}`);
  const test = new CrashTest(options, simulator, files);
  try {
    const result = await test.run();
    if (result.mistakes.length === 0) rmSync(files.folder, { recursive: true, force: true });
    return result;
  } finally {
    await simulator.close();
  }
}

function startSimulator(logs: number): Promise<CtLogSimulator> {
  return CtLogSimulator.start({
    certificates: 200,
    logs: Array.from({ length: logs }, (_, n) => ({
      name: `log${n}`,
      protocol: n % 2 === 0 ? ('rfc6962' as const) : ('static-ct' as const),
      initialEntries: INITIAL,
      pageSize: 64,
    })),
  });
}

class CrashTest {
  private readonly random: SeededRandom;
  private readonly tally: CrashTally;
  private readonly mistakes: string[] = [];
  private readonly kills = { starting: 0, streaming: 0, saving: 0 };
  private current: CrashRun | undefined;

  constructor(
    private readonly options: CrashTestOptions,
    private readonly simulator: CtLogSimulator,
    private readonly files: ServerFiles,
  ) {
    this.random = new SeededRandom(options.seed);
    this.tally = new CrashTally(new Map(simulator.logs.map((log) => [withoutSlash(log.url), log.size])));
  }

  async run(): Promise<CrashTestResult> {
    const { kills, rate, fail } = this.options;
    const startedAt = Date.now();
    try {
      await this.firstRun();
      this.simulator.startGrowth({ entriesPerSecond: rate, headIntervalMs: 250 });
      const failures = addRandomFailures(this.simulator.logs, fail / 100);
      for (let run = 1; run <= kills; run++) await this.killOnce(run);
      failures.end();
      this.simulator.stopGrowth();
      await this.lastRun(kills + 1);
      await this.checkReceivers();
    } finally {
      await this.current?.server.kill();
      this.current?.end();
    }
    return this.report((Date.now() - startedAt) / 1000);
  }

  /** Stops the first run cleanly, so that every log has a saved position at its first head. */
  private async firstRun(): Promise<void> {
    const run = this.newRun();
    await run.begin();
    await run.server.follows(this.options.logs);
    await this.stopCleanly(run);
    if (!existsSync(this.files.indexFile)) this.mistakes.push('a clean stop saved no positions');
  }

  private async killOnce(number: number): Promise<void> {
    const run = this.newRun();
    const moment = this.moment();
    const streamed = await run.killAt(moment);
    this.tally.add(number, streamed);
    this.mistakes.push(...run.client.mistakes.slice(0, 3).map((mistake) => `run ${number}: ${mistake}`));
    this.mistakes.push(...damagedFiles(this.files).map((file) => `run ${number}: ${file} is damaged`));
    this.kills[moment.during]++;
    this.options.print(
      `kill ${number}: ${moment.during}, ${Math.round(moment.afterMs)} ms, ${run.client.messages} messages, repeated so far ${this.tally.repeated}`,
    );
  }

  /** Chooses a kill: half of them while streaming, a third 0 to 5 ms after a save began, the others within 2 s of the start. */
  private moment(): KillMoment {
    const kind = this.random.next();
    const share = this.random.next();
    if (kind < 1 / 2) return { during: 'streaming', afterMs: share * this.options.seconds * 1000 };
    if (kind < 5 / 6) return { during: 'saving', afterMs: share * 5 };
    return { during: 'starting', afterMs: share * 2000 };
  }

  /** Waits until all entries are streamed, then stops the server cleanly. */
  private async lastRun(number: number): Promise<void> {
    const run = this.newRun();
    await run.begin();
    const urls = this.simulator.logs.map((log) => [withoutSlash(log.url), log.size] as const);
    const isComplete = (): boolean => urls.every(([url, size]) => (run.client.next.get(url) ?? 0) >= size);
    const hasAll = (): boolean =>
      this.options.output === 0 ||
      urls.every(([url, size]) => outputEntries(this.files).missing('', url, INITIAL, size).length === 0);
    const deadline = Date.now() + SETTLE_MS;
    while (!(isComplete() && hasAll()) && Date.now() < deadline) await delay(500);
    await this.stopCleanly(run);
    this.tally.add(number, run.streamed());
    this.mistakes.push(...run.client.mistakes.slice(0, 3));
    for (const [url, size] of urls) {
      const seen = this.tally.seen(url);
      if (seen !== size) this.mistakes.push(`${url}: ${size} entries published, complete up to ${seen}`);
    }
  }

  private newRun(): CrashRun {
    const { command, output } = this.options;
    this.current = new CrashRun(
      this.simulator,
      this.files,
      output > 0 ? slowOutputServer(this.files) : command,
    );
    return this.current;
  }

  /** Checks that the journal and the output contain all entries published since the first run. */
  private async checkReceivers(): Promise<void> {
    const { disk, output, print } = this.options;
    const receivers: [string, KeptEntries][] = [];
    if (disk > 0) receivers.push(['the journal', await journalEntries(this.files)]);
    if (output > 0) receivers.push(['the output', outputEntries(this.files)]);
    for (const [name, kept] of receivers) {
      const logs = this.simulator.logs.map((log) => [withoutSlash(log.url), log.size] as const);
      const missing = logs.flatMap(([url, size]) => kept.missing(name, url, INITIAL, size));
      this.mistakes.push(...missing);
      print(
        `${name}: ${missing.length === 0 ? 'every entry is present' : 'entries are missing'}, ${kept.repeated} repeated`,
      );
    }
  }

  private async stopCleanly(run: CrashRun): Promise<void> {
    const code = await run.server.stop();
    run.end();
    if (code !== 0) this.mistakes.push(`a clean stop ended with ${code}`);
  }

  private report(seconds: number): CrashTestResult {
    const { print } = this.options;
    const mistakes = [...this.mistakes, ...this.tally.mistakes];
    const entries = this.simulator.logs.reduce((sum, log) => sum + log.size - INITIAL, 0);
    const { starting, streaming, saving } = this.kills;
    const kills = starting + streaming + saving;
    print(
      `${kills} kills in ${seconds.toFixed(0)} s: ${starting} while starting, ${streaming} while streaming, ${saving} while saving`,
    );
    print(
      `${entries} entries published, ${this.tally.repeated} repeated after a kill (${(this.tally.repeated / kills).toFixed(0)} per kill), none of those streamed ${SAVED_WITHIN_MS / 1000} s or more before it`,
    );
    for (const mistake of mistakes.slice(0, 20)) print(`WRONG: ${mistake}`);
    print(mistakes.length === 0 ? 'no entry is missing, no file is damaged' : `${mistakes.length} mistakes`);
    return { mistakes, entries, repeated: this.tally.repeated };
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
