import { setTimeout as delay } from 'node:timers/promises';
import { listCounts, sumByLabel } from './count-lists.js';
import { FleetRun } from './fleet-run.js';
import type { FleetReport } from './log-fleet.js';
import { median } from './percentiles.js';
import type { ProcessUsage } from './process-usage.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly logs: number;
  /** Entries per second over all logs. */
  readonly rate: number;
  /** Percentage of the requests that fail. */
  readonly fail: number;
  /** Seconds after which the server gives up a request. */
  readonly timeout: number;
}

interface Sample {
  readonly at: number;
  readonly messages: number;
  readonly server: ProcessUsage;
  readonly fleet: ProcessUsage;
}

const SAMPLES = 30;
/** Time to deliver the rest. After failures of a log the server may pause for a minute. */
const SETTLE_MS = 90_000;
/** Memory of the second half of a run may exceed that of the first half (without the first fifth) by this factor plus these MB. */
const LEVEL_FACTOR = 1.15;
const LEVEL_MB = 20;

/** @returns one sentence per failed check. */
export async function runSoak(options: SoakOptions): Promise<string[]> {
  const { minutes, logs, rate, fail, timeout } = options;
  console.log(`soak: ${minutes} minutes, ${logs} logs, ${rate} entries/s, ${fail} % of the requests fail`);
  const tiled = Math.floor(logs / 2);
  const entriesPerSecond = rate / logs;
  const run = await FleetRun.start({
    name: 'soak',
    groups: [
      { name: 'rfc', count: logs - tiled, protocol: 'rfc6962', entriesPerSecond },
      { name: 'tiled', count: tiled, protocol: 'static-ct', entriesPerSecond },
    ],
    clients: ['lite', 'domains'],
    sections: { ct_log: { request_timeout_seconds: timeout } },
  });
  let broken: string[] = ['the run did not end'];
  try {
    await run.fleet.send({ do: 'grow' });
    await run.fleet.send({ do: 'fail', share: fail / 100 });
    const samples = await sample(run, minutes * 60_000);
    await run.fleet.send({ do: 'stop-growing' });
    await run.fleet.send({ do: 'fail', share: 0 });
    const missing = await run.settle(run.clients[0], SETTLE_MS);
    broken = [...completeness(run, await run.fleet.send({ do: 'report' }), missing), ...level(samples)];
    broken.push(...(await serverReports(run)));
    const exitCode = await run.stopServer();
    if (exitCode !== 0) broken.push(`the server ended with ${exitCode}`);
  } finally {
    await run.close(broken.length > 0);
  }
  for (const sentence of broken) console.log(`BROKEN: ${sentence}`);
  console.log(broken.length === 0 ? 'all checks passed' : `files in ${run.files.folder}`);
  return broken;
}

async function sample(run: FleetRun, milliseconds: number): Promise<Sample[]> {
  const samples = [take(run)];
  console.log('minute | server MB | server CPU % | CPU µs/entry | simulator MB | simulator CPU % | behind');
  for (let n = 1; n <= SAMPLES; n++) {
    await delay(Math.max(0, samples[0].at + (milliseconds * n) / SAMPLES - Date.now()));
    const before = samples[samples.length - 1];
    const now = take(run);
    samples.push(now);
    const behind = FleetRun.behind(run.clients[0], await run.fleet.send({ do: 'report' }));
    const columns = [
      ((now.at - samples[0].at) / 60_000).toFixed(1),
      now.server.residentMb.toFixed(0),
      percent(before, now, 'server'),
      perEntry(before, now),
      now.fleet.residentMb.toFixed(0),
      percent(before, now, 'fleet'),
      behind,
    ];
    console.log(columns.join(' | '));
  }
  console.log(`CPU per entry over the whole run: ${perEntry(samples[0], samples[SAMPLES])} µs`);
  return samples;
}

function take({ server, fleet, clients }: FleetRun): Sample {
  return { at: Date.now(), messages: clients[0].messages, server: server.usage(), fleet: fleet.usage() };
}

function percent(before: Sample, now: Sample, who: 'server' | 'fleet'): string {
  return (((now[who].cpuSeconds - before[who].cpuSeconds) * 100_000) / (now.at - before.at)).toFixed(1);
}

function perEntry(before: Sample, now: Sample): string {
  const seconds = now.server.cpuSeconds - before.server.cpuSeconds;
  return ((seconds * 1e6) / Math.max(1, now.messages - before.messages)).toFixed(0);
}

function completeness({ clients }: FleetRun, report: FleetReport, missing: number): string[] {
  const [lite, domains] = clients;
  const published = report.logs.reduce((sum, log) => sum + log.size - log.initialEntries, 0);
  console.log(`${published} entries published, ${lite.messages} received in order, ${missing} missing`);
  console.log(`requests: ${listCounts(report.requests)}`);
  console.log(`made to fail: ${listCounts(report.failures)}`);
  const broken = lite.mistakes.slice(0, 5);
  if (missing > 0) broken.push(`${missing} entries were not streamed`);
  for (const { url, initialEntries } of report.logs) {
    const first = lite.first.get(url);
    if (first !== undefined && first !== initialEntries) broken.push(`${url} began at ${first}`);
  }
  if (domains.domains.toString() !== lite.domains.toString())
    broken.push(`the domains stream differs from the lite one: ${domains.domains.toString()}`);
  return broken;
}

function level(samples: readonly Sample[]): string[] {
  const memory = samples.slice(Math.ceil(SAMPLES / 5)).map(({ server }) => server.residentMb);
  const half = Math.floor(memory.length / 2);
  const [early, late] = [median(memory.slice(0, half)), median(memory.slice(half))];
  console.log(`memory of the server, medians: ${early.toFixed(0)} MB early, ${late.toFixed(0)} MB late`);
  return late > early * LEVEL_FACTOR + LEVEL_MB ? [`memory grew from ${early} to ${late} MB`] : [];
}

/** Prints the errors and verification states that the server reports. @returns one sentence if verification of logs is broken. */
async function serverReports({ server }: FleetRun): Promise<string[]> {
  const metrics = (await server.read('/metrics')) ?? '';
  console.log(
    `errors by code: ${listCounts(sumByLabel(metrics, 'certstreamservergo_log_errors_total', 'code'))}`,
  );
  const body = await server.read('/logs');
  if (body === undefined) return [];
  const { logs } = JSON.parse(body) as {
    logs: readonly { readonly verification: { readonly state: string } }[];
  };
  const states: Record<string, number> = {};
  for (const { verification } of logs) states[verification.state] = (states[verification.state] ?? 0) + 1;
  console.log(`verification of the logs: ${listCounts(states)}`);
  return Object.keys(states)
    .filter((state) => state === 'broken')
    .map((state) => `${states[state]} logs are ${state}, although none of them is dishonest`);
}
