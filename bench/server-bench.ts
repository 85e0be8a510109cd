/**
 * Measures CPU time and resident memory of the whole server, as the operating system counts them, under loads that other
 * processes simulate. It compares them with the smallest program that fetches the same entries and sends as many messages.
 *
 *   npm run bench:server
 *   npm run bench:server -- --scenario 300 --scenario idle --seconds 60 --rounds 3
 *   npm run bench:server -- --scenario 1000-100 --minutes 60        (memory over time)
 *   npm run bench:server -- --server='--max-semi-space-size=1' --server='MALLOC_ARENA_MAX=1' --server=/a/dist/cli/bin.js
 *
 *   npm run bench:server -- --go-server=/path/to/certstream-server-go     (compared with a Go server that you have built)
 *
 * Every round measures each --server in turn. Its value consists of environment variables, a node binary, node flags and a bin
 * file; all parts are optional.
 */
import { parseArgs } from 'node:util';
import { numberOf, orOneLine } from './support/arguments.js';
import {
  measureBarePoller,
  measureGoServer,
  measureServer,
  type Measurement,
} from './support/server-measurement.js';
import type { MeasurementOptions } from './support/server-measurement.js';
import { type ServerCommand, THIS_SERVER } from './support/server-process.js';
import { type ServerScenario, scenariosNamed } from './support/server-scenarios.js';

const { values, scenarios, seconds, warmUpSeconds, rounds } = orOneLine(() => {
  const { values: given } = parseArgs({
    options: {
      scenario: { type: 'string', multiple: true, default: [] },
      server: { type: 'string', multiple: true, default: [''] },
      seconds: { type: 'string', default: '30' },
      minutes: { type: 'string' },
      'warm-up': { type: 'string', default: '20' },
      rounds: { type: 'string', default: '1' },
      'go-server': { type: 'string' },
      gzip: { type: 'boolean', default: false },
      'no-compression': { type: 'boolean', default: false },
      'no-reference': { type: 'boolean', default: false },
    },
  });
  const short = numberOf('--seconds', given.seconds);
  return {
    values: given,
    scenarios: scenariosNamed(given.scenario),
    seconds: given.minutes === undefined ? short : numberOf('--minutes', given.minutes) * 60,
    warmUpSeconds: numberOf('--warm-up', given['warm-up']),
    rounds: numberOf('--rounds', given.rounds),
  };
});

const PROGRESS_SECONDS = 60;
const isLong = values.minutes !== undefined;
const corpus = process.env.CT_CORPUS_DIR;
const options: MeasurementOptions = {
  warmUpSeconds,
  seconds,
  gzip: values.gzip,
  corpus,
  ctLog: values['no-compression'] ? { compression: false } : {},
};

function serverCommand(text: string): ServerCommand {
  const words = text.split(' ').filter((word) => word !== '');
  const variables = words.filter((word) => /^[A-Z_]+=/.test(word));
  const files = words.filter((word) => /^[./]/.test(word));
  const bin = files.find((file) => file.endsWith('.js')) ?? THIS_SERVER.bin;
  return {
    node: files.find((file) => !file.endsWith('.js')) ?? THIS_SERVER.node,
    nodeFlags: words.filter((word) => word.startsWith('--')),
    bin,
    environment: Object.fromEntries(variables.map((word) => word.split(/=(.*)/s, 2))),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

function summary(runs: readonly Measurement[]): Measurement {
  const of = (value: (run: Measurement) => number): number => median(runs.map(value));
  return {
    cpu: of(({ cpu }) => cpu),
    cpuPerEntry: of(({ cpuPerEntry }) => cpuPerEntry),
    residentMb: of(({ residentMb }) => residentMb),
    requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
    received: runs[0].received === undefined ? undefined : of(({ received }) => received ?? Number.NaN),
  };
}

/** Returns the value with its target, and with a note if the target is missed. */
function against(value: string, target: number | undefined): string {
  if (target === undefined) return value;
  return `${value} (${target}${Number.parseFloat(value) <= target ? '' : ', missed'})`;
}

function row(scenario: ServerScenario, label: string, run: Measurement, reference?: Measurement): string {
  const perEntry = scenario.entriesPerSecond > 0 ? run.cpuPerEntry.toFixed(1) : '-';
  const ratio = reference === undefined ? '-' : (run.cpu / reference.cpu).toFixed(2);
  const received = run.received === undefined ? '-' : `${(100 * run.received).toFixed(1)} %`;
  const cells = [
    `${scenario.entriesPerSecond}/s, ${scenario.logs} logs, ${scenario.clients} clients`,
    label,
    against(`${run.cpu.toFixed(2)} %`, scenario.targetCpu),
    against(perEntry, scenario.targetCpuPerEntry),
    ratio,
    against(run.residentMb.toFixed(1), scenario.targetResidentMb),
    run.requestsPerSecond.toFixed(1),
    received,
  ];
  return `| ${cells.join(' | ')} |`;
}

function showProgress(label: string): MeasurementOptions['onSample'] {
  let due = PROGRESS_SECONDS;
  return ({ residentMb, cpuSeconds }, elapsed) => {
    if (elapsed < due) return;
    due += PROGRESS_SECONDS;
    const minutes = (elapsed / 60).toFixed(0);
    console.log(`${label}: ${minutes} min, ${residentMb.toFixed(1)} MB, ${cpuSeconds.toFixed(1)} s of CPU`);
  };
}

async function measureScenario(scenario: ServerScenario): Promise<string[]> {
  const servers = values.server.map((text) => ({ label: text || 'server', command: serverCommand(text) }));
  const runs = servers.map((): Measurement[] => []);
  const references: Measurement[] = [];
  for (let round = 0; round < rounds; round++) {
    if (!values['no-reference']) references.push(await measureBarePoller(scenario, shorter(options)));
    for (const [i, { label, command }] of servers.entries()) {
      const onSample = isLong ? showProgress(label) : undefined;
      const run = await measureServer(scenario, command, { ...options, onSample });
      runs[i].push(run);
      if (rounds > 1) console.log(row(scenario, `${label}, round ${round + 1}`, run, references.at(-1)));
    }
  }
  const reference = references.length > 0 ? summary(references) : undefined;
  const goServer = values['go-server'];
  const peer = goServer && (await measureGoServer(scenario, goServer, shorter(options)));
  return [
    ...servers.map(({ label }, i) => row(scenario, label, summary(runs[i]), reference)),
    ...(peer ? [row(withoutTargets(scenario), 'Go server', peer, reference)] : []),
    ...(reference === undefined ? [] : [row(withoutTargets(scenario), 'bare poller', reference)]),
  ];
}

/** Limits the time, because the reference needs no long run. */
function shorter(given: MeasurementOptions): MeasurementOptions {
  return { ...given, seconds: Math.min(given.seconds, 60) };
}

function withoutTargets(scenario: ServerScenario): ServerScenario {
  const none = { targetCpu: undefined, targetCpuPerEntry: undefined, targetResidentMb: undefined };
  return { ...scenario, ...none };
}

console.log(
  `Node ${process.version}; ${corpus === undefined ? 'certificates of the simulator' : 'real certificates'}; ` +
    `${options.seconds} s after ${options.warmUpSeconds} s of warm-up, ${rounds} round(s); targets in brackets`,
);
console.log(
  '| load | what | CPU of a core | µs per entry | ratio to bare poller | resident MB | requests/s | received |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const scenario of scenarios) {
  for (const line of await measureScenario(scenario)) console.log(line);
}
