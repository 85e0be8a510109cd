/**
 * Computes from measured costs what a cluster carries, and what its next limit is. It measures nothing; `support/cluster-costs.ts` has the
 * costs and where they were measured.
 *
 *   npm run cluster-model -- --rate 300 --clients 1000 --link-mbit 1000
 */
import { readArguments } from './support/arguments.js';
import {
  type ClusterLoad,
  clusterPressure,
  clusterUse,
  largest,
  MEASURED_COSTS as costs,
} from './support/cluster-costs.js';

const options = readArguments({
  rate: 300,
  clients: 1000,
  'core-percent': 70,
  'link-mbit': 1000,
  'share-percent': 40,
  replicas: 3,
});
const MEMBERS = [1, 2, 3, 5, 8, 16];
const DAY_SECONDS = 86_400;

const limits = { core: options['core-percent'] / 100, link: (options['link-mbit'] * 1e6) / 8 };

function loadOf(change: Partial<ClusterLoad>): ClusterLoad {
  const { rate, clients, replicas } = options;
  return { members: 1, rate, clients, replicas, largestShare: options['share-percent'] / 100, ...change };
}

const pressure = (change: Partial<ClusterLoad>) => clusterPressure(loadOf(change), costs, limits);
const fits = (change: Partial<ClusterLoad>): boolean => pressure(change)[0][1] <= 1;
const megabytes = (octets: number): string => (octets / 1e6).toFixed(1);

function row(cells: readonly (string | number)[]): void {
  const widths = [7, 14, 25, 15, 25, 15, 15];
  console.log(cells.map((cell, i) => String(cell).padStart(widths[i])).join('  '));
}

const { rate, clients } = options;
console.log(
  `Lite clients; ${options['core-percent']} % of a core and ${options['link-mbit']} Mbit/s for each process; the largest operator has ${options['share-percent']} % of the entries.\n`,
);
row([
  'members',
  `clients at ${rate}/s`,
  'the next limit',
  `/s, ${clients} clients`,
  'the next limit',
  'to clients MB/s',
  'from NATS MB/s',
]);
for (const members of MEMBERS) {
  const mostClients = largest((number) => fits({ members, clients: number }));
  const mostEntries = largest((number) => fits({ members, rate: number }));
  const use = clusterUse(loadOf({ members, clients: mostClients }), costs);
  row([
    members,
    mostClients,
    pressure({ members, clients: mostClients + 1 })[0][0],
    mostEntries,
    pressure({ members, rate: mostEntries + 1 })[0][0],
    megabytes(rate * mostClients * costs.messageBytes),
    megabytes(use.natsOut),
  ]);
}
const stored = rate * costs.streamBytes;
console.log(
  `\nAt ${rate}/s, the stream grows by ${megabytes(stored)} MB/s, ${((stored * DAY_SECONDS) / 1e9).toFixed(0)} GB a day; 4 GiB hold ${((4 * 2 ** 30) / stored / 3600).toFixed(1)} hours.`,
);
