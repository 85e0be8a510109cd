import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './percentiles.js';
import { samplesOf } from '../../test/support/metrics.js';
import { RawReaders } from './raw-readers.js';
import { prepareServer, type ServerFiles } from './server-files.js';
import { ServerProcess } from './server-process.js';
import { SimulatedLogs } from './simulated-logs.js';

const LOGS = 8;
const HEAD_INTERVAL_MS = 1000;

export interface OutputMeasurementOptions {
  /** Entries per second over all logs. */
  readonly rate: number;
  readonly rounds: number;
  /** Seconds of a round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Clients of the lite stream at each server. */
  readonly clients: number;
  readonly corpus: string | undefined;
}

/** CPU time of servers in microseconds per entry, medians of the rounds. */
export interface OutputCost {
  readonly without: number;
  readonly with: number;
  /** Median of the differences of the rounds. */
  readonly difference: number;
  readonly differences: readonly number[];
  /** Share of the entries of the measured time that the output has acknowledged. */
  readonly acknowledged: number;
}

/** Keys of an output. @param name a name in a message of the logs, for a filter. */
export type OutputKeys = (name: string) => Readonly<Record<string, unknown>>;

/**
 * Runs two servers at the same time on the same logs, one with an output and one without outputs, both with a journal on disk.
 * Measures the CPU time of both in each round.
 */
export async function measureOutput(
  keys: OutputKeys,
  options: OutputMeasurementOptions,
): Promise<OutputCost> {
  const { clients, corpus, rate, rounds, seconds, warmUpSeconds } = options;
  const readers: RawReaders[] = [];
  const logs = await SimulatedLogs.start({ logs: LOGS, staticCtLogs: 0, gzip: false, corpus });
  const servers: { readonly files: ServerFiles; readonly server: ServerProcess }[] = [];
  const start = async (outputs: readonly object[]): Promise<ServerProcess> => {
    const { listUrl: logListUrl, publicKeyPem } = logs.ready;
    const journal = { store: 'disk', max_gb: 8 };
    const files = await prepareServer({ logListUrl, publicKeyPem }, 'outputs-bench', { journal, outputs });
    const server = ServerProcess.spawn(files.configFile, files.port, files.logFile);
    servers.push({ files, server });
    await server.answers();
    await server.follows(LOGS);
    if (clients > 0) readers.push(await RawReaders.start({ url: `${server.url}/`, clients }));
    return server;
  };
  try {
    const without = await start([]);
    await logs.grow(rate, HEAD_INTERVAL_MS);
    const withOutput = await start([{ name: 'measured', ...keys(await nameOf(without)) }]);
    await delay(warmUpSeconds * 1000);
    const pairs: { readonly without: number; readonly with: number }[] = [];
    const acknowledgedBefore = await acknowledged(withOutput);
    const startedAt = performance.now();
    for (let round = 0; round < rounds; round++) {
      const at = performance.now();
      const before = [without, withOutput].map((server) => server.usage().cpuSeconds);
      await delay(seconds * 1000);
      const after = [without, withOutput].map((server) => server.usage().cpuSeconds);
      // The exact rate, because entries are published in heads of one second each.
      const entries = (rate * (performance.now() - at)) / 1000;
      const [one, other] = after.map((cpu, i) => ((cpu - before[i]) * 1e6) / entries);
      pairs.push({ without: one, with: other });
    }
    const elapsed = (performance.now() - startedAt) / 1000;
    const differences = pairs.map((pair) => pair.with - pair.without);
    return {
      without: median(pairs.map((pair) => pair.without)),
      with: median(pairs.map((pair) => pair.with)),
      difference: median(differences),
      differences,
      acknowledged: ((await acknowledged(withOutput)) - acknowledgedBefore) / (rate * elapsed),
    };
  } finally {
    await Promise.all([
      logs.stop(),
      ...readers.map((reader) => reader.stop()),
      ...servers.map(({ server }) => server.kill()),
    ]);
    for (const { files } of servers) rmSync(files.folder, { recursive: true, force: true });
  }
}

async function acknowledged(server: ServerProcess): Promise<number> {
  const samples = samplesOf((await server.read('/metrics')) ?? '');
  return samples.get('output_acknowledged_entries_total{output="measured"}') ?? Number.NaN;
}

/** Returns the first name of an entry that the server has streamed. */
async function nameOf(server: ServerProcess): Promise<string> {
  for (;;) {
    const text = await server.read('/example.json');
    const names = text === undefined ? [] : namesOf(text);
    if (names.length > 0) return names[0].replace(/^\*\./, '');
    await delay(100);
  }
}

function namesOf(text: string): readonly string[] {
  const { data } = JSON.parse(text) as {
    readonly data?: { readonly leaf_cert?: { all_domains?: string[] } };
  };
  return data?.leaf_cert?.all_domains ?? [];
}
