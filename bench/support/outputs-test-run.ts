import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { DeliveryTally } from './delivery-tally.js';
import { atRandomTimes, disturb, disturbShortly } from './disturbances.js';
import type { KillTestOptions, KillTestResult } from './kill-test-options.js';
import type { Logs } from './log-fleet.js';
import { OutputWatch } from './output-watch.js';
import type { PublishedLog } from './resume-tally.js';
import { prepareServer, type ServerFiles } from './server-files.js';
import { ServerProcess } from './server-process.js';
import type { TestOutput } from './test-outputs.js';
import { WatchingClients } from './watching-clients.js';

export interface OutputsTestOptions extends KillTestOptions {
  /** Number of times each broker is killed or paused for some seconds. */
  readonly disturbances: number;
  /** Seconds in which all brokers are away at the same time; 0 for none. */
  readonly outage: number;
  /** Seconds of the short disturbances, after the outage. */
  readonly seconds: number;
}

const INITIAL = 300;
const HEAD_INTERVAL_MS = 250;
/** A repeated delivery after a failure comes after a pause of at most 90 s. */
const SETTLE_QUIET_MS = 150_000;
/** After this time, a client that the restart of the server has disconnected has what it missed. */
const RECONNECTED_MS = 5000;

/** Returns the groups of logs for {@link runOutputsTest}. */
export function logsOfOutputsTest({ logs, rate }: Pick<OutputsTestOptions, 'logs' | 'rate'>) {
  const tiled = Math.floor(logs / 2);
  const each = {
    entriesPerSecond: rate / logs,
    headIntervalMs: HEAD_INTERVAL_MS,
    initialEntries: INITIAL,
    // A server that is away for long still finds all entries.
    keepEntries: 10_000_000,
  };
  return [
    { ...each, name: 'rfc', count: logs - tiled, protocol: 'rfc6962' as const },
    { ...each, name: 'tiled', count: tiled, protocol: 'static-ct' as const },
  ];
}

/**
 * Runs the server with several outputs while logs grow. It kills the server and kills and pauses the brokers, and then checks that
 * every entry is at every output, and that clients of the streams noticed nothing but the kills. Keeps the temporary files if there
 * were mistakes.
 */
export async function runOutputsTest(
  options: OutputsTestOptions,
  logs: Logs,
  outputs: readonly TestOutput[],
): Promise<KillTestResult> {
  const files = await prepareServer(logs.ready, 'outputs-test', {
    ct_log: { poll_interval_seconds: 0.25 },
    journal: { store: 'disk', max_gb: 16 },
    stream: { restart_grace_seconds: 0 },
    outputs: outputs.map(({ settings }) => settings),
  });
  const { kills, disturbances, outage, rate, seed, print } = options;
  print(
    `outputs test: ${outputs.map(({ name }) => name).join(', ')}; ${kills} kills of the server, ` +
      `${disturbances} disturbances of each broker, ${outage} s of outage, ${rate} entries/s, seed ${seed}, ${files.folder}`,
  );
  const test = new OutputsTest(options, { logs, outputs, files });
  try {
    const result = await test.run();
    if (result.mistakes.length === 0) rmSync(files.folder, { recursive: true, force: true });
    return result;
  } finally {
    await test.end();
  }
}

interface OutputsTestParts {
  readonly logs: Logs;
  readonly outputs: readonly TestOutput[];
  readonly files: ServerFiles;
}

class OutputsTest {
  private readonly random: SeededRandom;
  private readonly clients: WatchingClients;
  private readonly watch: OutputWatch;
  private readonly mistakes: string[] = [];
  private readonly startedAt = Date.now();
  private server: ServerProcess | undefined;
  private published: readonly PublishedLog[] = [];

  constructor(
    private readonly options: OutputsTestOptions,
    private readonly parts: OutputsTestParts,
  ) {
    this.random = new SeededRandom(options.seed);
    this.clients = new WatchingClients(`http://127.0.0.1:${parts.files.port}`, this.random);
    this.watch = new OutputWatch(
      parts.outputs.map(({ name }) => name),
      async () => this.server?.read('/metrics'),
    );
  }

  async run(): Promise<KillTestResult> {
    await this.firstRun();
    await this.start();
    this.clients.begin();
    await this.parts.logs.send({ do: 'grow' });
    await Promise.all([this.killServer(), this.disturbBrokers()]);
    const { logs, heads } = await this.parts.logs.send({ do: 'stop-growing' });
    this.published = logs.map(({ url, size }) => ({ url, size }));
    await this.settle();
    this.watch.stop();
    await this.clients.end();
    const code = await this.server!.stop();
    if (code !== 0) this.mistakes.push(`a clean stop of the server ended with ${code}`);
    await this.checkOutputs();
    this.mistakes.push(...this.clients.mistakes(this.published, INITIAL));
    this.options.print(this.clients.summary(heads));
    return this.report();
  }

  async end(): Promise<void> {
    this.watch.stop();
    await this.clients.end();
    await this.server?.kill();
  }

  /** Stops the first run cleanly, so that every log has a saved position, and every output one at the same entries. */
  private async firstRun(): Promise<void> {
    await this.start();
    await this.server!.follows(this.options.logs);
    await this.server!.stop();
  }

  private async start(): Promise<void> {
    const { configFile, port, logFile } = this.parts.files;
    this.clients.run++;
    this.server = ServerProcess.spawn(configFile, port, logFile, this.options.command);
    await this.server.answers();
  }

  private killServer(): Promise<void> {
    const { kills, outage, seconds } = this.options;
    return atRandomTimes(kills, (outage + seconds) * 1000, this.random, async () => {
      const killedAt = Date.now();
      await this.server!.kill();
      await this.start();
      this.narrate(`server: killed, answers after ${((Date.now() - killedAt) / 1000).toFixed(1)} s`);
      this.clients.leaveOut(killedAt, Date.now() + RECONNECTED_MS);
    });
  }

  /** First the outage of all brokers, then short disturbances while the outputs catch up. */
  private async disturbBrokers(): Promise<void> {
    const { disturbances, outage, seconds } = this.options;
    const all = this.parts.outputs.map(async (output, i) => {
      const random = new SeededRandom(this.options.seed + i);
      // A killed broker refuses connections, a paused one is silent.
      const kind = output.disturbances[i % output.disturbances.length];
      if (outage > 0) await disturb(output, kind, outage * 1000, this.narrate);
      await atRandomTimes(disturbances, seconds * 1000, random, () =>
        disturbShortly(output, random, this.narrate),
      );
    });
    await Promise.all([...all, delay((outage + seconds) * 1000)]);
  }

  /** Waits until the clients have every entry and the outputs have acknowledged every record. */
  private async settle(): Promise<void> {
    this.narrate('the logs stop growing');
    let last = -1;
    for (let quietSince = Date.now(); Date.now() - quietSince < SETTLE_QUIET_MS; await delay(200)) {
      if (this.clients.haveAll(this.published) && (await this.watch.sample()) === 0) {
        this.narrate('every output has acknowledged everything');
        return;
      }
      if (this.watch.acknowledged !== last) quietSince = Date.now();
      last = this.watch.acknowledged;
    }
    this.mistakes.push(`nothing was acknowledged for ${SETTLE_QUIET_MS / 1000} s, although entries are left`);
  }

  private async checkOutputs(): Promise<void> {
    const { print, kills } = this.options;
    print('| output | entries | missing | repeats (allowed) | out of order | longest silence | failures |');
    print('| --- | --- | --- | --- | --- | --- | --- |');
    for (const { name, broker } of this.parts.outputs) {
      const tally = new DeliveryTally(name, this.published, INITIAL);
      for (const message of await broker.stored()) tally.add(message);
      const { failures, longestSilenceMs } = this.watch.progress(name);
      // After a kill, an output gets what it acknowledged after the last save, one second before, and what was under way.
      // After a failure, it gets one delivery again.
      const allowed = (kills + failures) * this.watch.busiestSeconds(name);
      const { repeats, outOfOrder } = tally.counts;
      const silence = `${(longestSilenceMs / 1000).toFixed(1)} s`;
      const cells = [
        name,
        tally.wanted,
        tally.missing,
        `${repeats} (${allowed})`,
        outOfOrder,
        silence,
        failures,
      ];
      print(`| ${cells.join(' | ')} |`);
      this.mistakes.push(...tally.missingByLog(), ...tally.mistakes);
      if (repeats > allowed)
        this.mistakes.push(`${name}: ${repeats} repeats, but at most ${allowed} allowed`);
      if (outOfOrder > 0) this.mistakes.push(`${name}: ${outOfOrder} entries are after a later one`);
    }
  }

  private report(): KillTestResult {
    const { print } = this.options;
    const entries = this.published.reduce((sum, { size }) => sum + size - INITIAL, 0);
    const seconds = (Date.now() - this.startedAt) / 1000;
    print(`${entries} entries published in ${seconds.toFixed(0)} s`);
    for (const mistake of this.mistakes.slice(0, 20)) print(`WRONG: ${mistake}`);
    print(
      this.mistakes.length === 0
        ? 'every entry is at every output, in order'
        : `${this.mistakes.length} mistakes; files in ${this.parts.files.folder}`,
    );
    return { mistakes: this.mistakes, entries };
  }

  private readonly narrate = (event: string): void => {
    this.options.print(`${((Date.now() - this.startedAt) / 1000).toFixed(1).padStart(6)} s  ${event}`);
  };
}
