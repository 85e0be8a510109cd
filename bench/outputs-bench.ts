/**
 * Measures the CPU time that an output costs per entry: that of a server with the output minus that of a server without it. Both
 * follow the same logs at the same time, so other load on the machine slows both alike.
 *
 *   npm run bench:outputs -- [--outputs kafka,nats,nats-lines,nsq,webhook,file,filtered,down] [--rate 3000] [--rounds 5] [--seconds 12] [--clients 1]
 *
 * Both servers have clients of the lite stream, which share the texts with the output. With `--clients 0`, the output alone needs the texts.
 * The journals of both servers are on disk. With CT_CORPUS_DIR the certificates are real ones. `filtered` is a webhook that wants
 * about one entry of a thousand. `down` is a webhook at an address where nothing listens. The exit code is 1 if a target is missed.
 */
import { freePort } from '../src/testing/free-port.js';
import { orOneLine, readArguments } from './support/arguments.js';
import { measureOutput, type OutputCost, type OutputKeys } from './support/output-measurement.js';
import { checkTypes, OUTPUT_TYPES, startOutputs } from './support/test-outputs.js';

/** Microseconds per entry. A webhook has no target. */
const TARGETS: Readonly<Record<string, number>> = {
  kafka: 20,
  nats: 20,
  'nats-lines': 5,
  nsq: 12,
  file: 12,
  filtered: 4,
  down: 1,
};

/** Loads that are an output of another name with more keys. */
const VARIANTS: Readonly<
  Partial<Record<string, { readonly type: string; readonly keys: (domain: string) => object }>>
> = {
  'nats-lines': { type: 'nats', keys: () => ({ body: 'json_lines' }) },
  filtered: { type: 'webhook', keys: (domain) => ({ filter: { domain: [domain] } }) },
};
const KNOWN = [...OUTPUT_TYPES, ...Object.keys(VARIANTS), 'down'];
const options = readArguments({
  outputs: KNOWN.join(','),
  rate: 3000,
  rounds: 5,
  seconds: 12,
  clients: 1,
  'warm-up': 20,
});
const corpus = process.env['CT_CORPUS_DIR'];

/** A load to measure. @returns undefined when the broker cannot run on this machine. */
async function measure(name: string): Promise<OutputCost | undefined> {
  const measurement = { ...options, warmUpSeconds: options['warm-up'], corpus };
  if (name === 'down') {
    const url = `http://127.0.0.1:${await freePort()}/`;
    return measureOutput(() => ({ type: 'webhook', url, allow_private_addresses: true }), measurement);
  }
  const variant = VARIANTS[name];
  const [output] = await startOutputs([variant?.type ?? name], console.log);
  if (output === undefined) return undefined;
  const { settings, broker } = output;
  const keys: OutputKeys = (domain) => ({ ...settings, name: 'measured', ...variant?.keys(domain) });
  try {
    return await measureOutput(keys, measurement);
  } finally {
    await broker.stop();
  }
}

function row(name: string, cost: OutputCost): string {
  const target = TARGETS[name];
  const rounds = cost.differences.map((value) => value.toFixed(1)).join(', ');
  const verdict =
    target === undefined ? '-' : `${target}: ${cost.difference <= target ? 'reached' : 'missed'}`;
  const cells = [
    name,
    cost.without.toFixed(1),
    cost.with.toFixed(1),
    `${cost.difference.toFixed(1)} (${rounds})`,
    verdict,
    `${(100 * cost.acknowledged).toFixed(1)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const names = options.outputs.split(',');
orOneLine(() => checkTypes(names, KNOWN));
console.log(
  `Node ${process.version}; ${corpus === undefined ? 'certificates of the simulator' : 'real certificates'}; ${options.rate} entries/s, ` +
    `${options.clients} clients, ${options.rounds} rounds of ${options.seconds} s; microseconds of CPU time per entry`,
);
console.log('| output | server without | server with | difference (rounds) | target | acknowledged |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const name of names) {
  const cost = await measure(name);
  if (cost === undefined) continue;
  console.log(row(name, cost));
  if (cost.difference > TARGETS[name]) process.exitCode = 1;
}
