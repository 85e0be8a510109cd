import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBarePoller } from './bare-poller.js';
import { startGoServer } from './go-server.js';
import { type ProcessUsage, usageOf } from './process-usage.js';
import { RawReaders } from './raw-readers.js';
import { freePort } from '../../src/testing/free-port.js';
import { writeServerConfig } from './server-config.js';
import { type ServerCommand, ServerProcess } from './server-process.js';
import type { ServerScenario } from './server-scenarios.js';
import { SimulatedLogs } from './simulated-logs.js';

export interface MeasurementOptions {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly gzip: boolean;
  readonly corpus: string | undefined;
  /** The `ct_log` section of the server's configuration. */
  readonly ctLog: object;
  /** Called after each sample with the usage so far. */
  readonly onSample?: (usage: ProcessUsage, elapsedSeconds: number) => void;
}

export interface Measurement {
  /** Percentage of one core. */
  readonly cpu: number;
  /** Microseconds. */
  readonly cpuPerEntry: number;
  /** The highest value of one sample per second. */
  readonly residentMb: number;
  readonly requestsPerSecond: number;
  /** Share of the expected messages that all clients together received; 1 if each client received all messages. */
  readonly received: number | undefined;
}

const SAMPLE_MS = 1000;

/** Measures the whole server under one load. */
export async function measureServer(
  scenario: ServerScenario,
  server: ServerCommand,
  options: MeasurementOptions,
): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'server-bench-'));
  const logs = await startLogs(scenario, options);
  const port = await freePort();
  const config = writeServerConfig(folder, logs.ready, port, options.ctLog);
  const running = await ServerProcess.start(config, port, join(folder, 'server.log'), server);
  let readers: RawReaders | undefined;
  try {
    await running.follows(scenario.logs);
    const { clients, path } = scenario;
    if (clients > 0) readers = await RawReaders.start({ url: running.url + path, clients });
    const measurement = await measure(scenario, logs, readers, () => running.usage(), options);
    const exitCode = await running.stop();
    if (exitCode !== 0) throw new Error(`the server ended with ${exitCode}; see ${folder}/server.log`);
    rmSync(folder, { recursive: true });
    return measurement;
  } finally {
    await Promise.all([running.kill(), readers?.stop(), logs.stop()]);
  }
}

/** Measures the smallest program that fetches the same entries and sends as many messages. */
export async function measureBarePoller(
  scenario: ServerScenario,
  options: MeasurementOptions,
): Promise<Measurement> {
  const logs = await startLogs({ ...scenario, staticCtLogs: 0 }, options);
  const poller = await startBarePoller({ logUrls: logs.ready.logUrls });
  let readers: RawReaders | undefined;
  try {
    const { clients } = scenario;
    if (clients > 0) readers = await RawReaders.start({ url: poller.url, clients });
    return await measure(scenario, logs, readers, () => usageOf(poller.child.pid), options);
  } finally {
    await Promise.all([poller.child.stop(), readers?.stop(), logs.stop()]);
  }
}

/** Measures a built certstream-server-go under the same load. All logs are RFC 6962, because it configures tiled logs differently. */
export async function measureGoServer(
  scenario: ServerScenario,
  binary: string,
  options: MeasurementOptions,
): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'go-server-bench-'));
  const logs = await startLogs({ ...scenario, staticCtLogs: 0 }, options);
  const server = await startGoServer(binary, folder, logs.ready.logUrls, await freePort());
  let readers: RawReaders | undefined;
  try {
    const { clients, path } = scenario;
    if (clients > 0) readers = await RawReaders.start({ url: server.url + path, clients });
    return await measure(scenario, logs, readers, () => server.usage(), options);
  } finally {
    await Promise.all([server.stop(), readers?.stop(), logs.stop()]);
    rmSync(folder, { recursive: true });
  }
}

function startLogs({ logs, staticCtLogs }: ServerScenario, { gzip, corpus }: MeasurementOptions) {
  return SimulatedLogs.start({ logs, staticCtLogs, gzip, corpus });
}

async function measure(
  { entriesPerSecond, headIntervalMs, clients }: ServerScenario,
  logs: SimulatedLogs,
  readers: RawReaders | undefined,
  usage: () => ProcessUsage,
  { warmUpSeconds, seconds, onSample }: MeasurementOptions,
): Promise<Measurement> {
  await logs.grow(entriesPerSecond, headIntervalMs);
  await pause(warmUpSeconds * 1000);
  const before = { at: performance.now(), ...usage(), ...(await logs.counts()) };
  const messagesBefore = await readers?.counts();
  let highest = before.residentMb;
  while (performance.now() - before.at < seconds * 1000) {
    await pause(SAMPLE_MS);
    const now = usage();
    highest = Math.max(highest, now.residentMb);
    onSample?.(now, (performance.now() - before.at) / 1000);
  }
  const after = { at: performance.now(), ...usage(), ...(await logs.counts()) };
  const messagesAfter = await readers?.counts();
  const elapsed = (after.at - before.at) / 1000;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const messages = (messagesAfter?.messages ?? 0) - (messagesBefore?.messages ?? 0);
  return {
    cpu: (100 * cpuSeconds) / elapsed,
    // Uses the exact rate, because entries are published in heads of one second each.
    cpuPerEntry: (1e6 * cpuSeconds) / (entriesPerSecond * elapsed),
    residentMb: highest,
    requestsPerSecond: (after.requests - before.requests) / elapsed,
    received: readers && messages / (entriesPerSecond * elapsed * clients),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
