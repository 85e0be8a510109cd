/**
 * Runs a cluster on real nats-servers, and kills, pauses and stops its members and the nats-servers, and cuts members off, while entries arrive. It proves that
 * every entry is in the stream exactly once, that every tree is verified to its head, and that clients which reconnect to any gateway
 * with their cursors get every entry once.
 *
 *   npm run cluster-test -- [--ingests 3] [--gateways 2] [--alls 0] [--clients 4] [--events 20] [--rate 300] [--outage 120]
 *
 * NATS_SERVER names the nats-server. The exit code is 1 when anything is wrong.
 */
import { findNatsServer, NATS_SERVER_MISSING, NatsServer } from '../test/support/brokers/nats-server.js';
import { readArguments } from './support/arguments.js';
import { CLUSTER_INITIAL, ClusterRun } from './support/cluster-run.js';
import { LogFleet } from './support/log-fleet.js';

const options = readArguments({
  ingests: 3,
  gateways: 2,
  alls: 0,
  clients: 4,
  events: 20,
  rate: 300,
  logs: 12,
  outage: 120,
  seed: Date.now() % 100_000,
});
const command = findNatsServer();
if (command === undefined) {
  console.log(NATS_SERVER_MISSING);
  process.exit(0);
}
const { logs: count, rate, ...rest } = options;
const each = {
  entriesPerSecond: rate / count,
  headIntervalMs: 250,
  initialEntries: CLUSTER_INITIAL,
  // Entries of an outage stay available.
  keepEntries: 10_000_000,
};
const tiled = Math.floor(count / 2);
const logs = await LogFleet.start([
  { ...each, name: 'rfc', count: count - tiled, protocol: 'rfc6962' },
  { ...each, name: 'tiled', count: tiled, protocol: 'static-ct' },
]);
const nats = await NatsServer.start(command);
console.log(`cluster test: ${JSON.stringify(options)}`);
const run = new ClusterRun({ ...rest, rate, replicas: 1, print: console.log }, logs, [nats]);
let isRight = false;
try {
  const { mistakes } = await run.run();
  isRight = mistakes.length === 0;
} finally {
  await run.end(!isRight);
  await Promise.all([logs.stop(), nats.stop()]);
}
process.exitCode = isRight ? 0 : 1;
