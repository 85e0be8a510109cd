/**
 * Replaces the members of a cluster one after another by the next minor version, as an operator does, while clients are connected over a
 * load balancer. It counts what clients with `EventSource`, and WebSocket clients without a cursor, lose and get twice.
 *
 *   npm run rolling-upgrade -- [--alls 3] [--ingests 0] [--gateways 0] [--clients 200] [--rate 200] [--logs 6] [--pause 5]
 *
 * --clients is the number of clients of each kind, --pause the seconds between two members. NATS_SERVER names the nats-server. The exit code is
 * 1 when an EventSource loses an entry or gets one twice, or when a member does not end with code 0.
 */
import { fileURLToPath } from 'node:url';
import { findNatsServer, NATS_SERVER_MISSING, NatsServer } from '../test/support/brokers/nats-server.js';
import { readArguments } from './support/arguments.js';
import { CLUSTER_INITIAL } from './support/cluster-run.js';
import { LogFleet } from './support/log-fleet.js';
import { copyWithVersion } from './support/next-version.js';
import { RollingUpgradeRun } from './support/rolling-upgrade-run.js';
import { THIS_SERVER } from './support/server-process.js';

const options = readArguments({
  alls: 3,
  ingests: 0,
  gateways: 0,
  clients: 200,
  rate: 200,
  logs: 6,
  pause: 5,
});
const command = findNatsServer();
if (command === undefined) {
  console.log(NATS_SERVER_MISSING);
  process.exit(0);
}
const { logs: count, rate, ...rest } = options;
const each = { entriesPerSecond: rate / count, headIntervalMs: 250, initialEntries: CLUSTER_INITIAL };
const tiled = Math.floor(count / 2);
const logs = await LogFleet.start([
  { ...each, name: 'rfc', count: count - tiled, protocol: 'rfc6962' },
  { ...each, name: 'tiled', count: tiled, protocol: 'static-ct' },
]);
const nats = await NatsServer.start(command);
const to = copyWithVersion(fileURLToPath(new URL('../..', import.meta.url)), 1);
console.log(`rolling upgrade to ${to.version}: ${JSON.stringify(options)}`);
const run = new RollingUpgradeRun({ ...rest, from: THIS_SERVER, to, print: console.log }, logs, nats);
let isRight = false;
try {
  const mistakes = await run.run();
  for (const mistake of mistakes.slice(0, 20)) console.log(`WRONG: ${mistake}`);
  console.log(
    mistakes.length === 0 ? 'no EventSource lost an entry or got one twice' : `${mistakes.length} mistakes`,
  );
  isRight = mistakes.length === 0;
} finally {
  await run.end(!isRight);
  to.remove();
  await Promise.all([logs.stop(), nats.stop()]);
}
process.exitCode = isRight ? 0 : 1;
