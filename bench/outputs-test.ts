/**
 * Runs the server with all kinds of outputs, kills it with SIGKILL and kills and pauses the brokers while entries arrive. It proves
 * that every entry is at every output, in order per log, and that clients of the streams are not disturbed.
 *
 *   npm run outputs-test -- [--outputs kafka,nats,nsq,webhook,file] [--kills 6] [--disturbances 4] [--seconds 80] [--rate 500]
 *   npm run outputs-test -- --kills 20 --disturbances 5 --outage 600 --rate 1000     (about 15 minutes)
 *
 * --outage makes all brokers unavailable together for that many seconds; --disturbances is the number of short failures of each
 * broker afterwards, within --seconds. The journal is on disk. Logs and server have processes of their own. The exit code is 1 when
 * an entry is missing or anything else is wrong.
 */
import { orOneLine, readArguments } from './support/arguments.js';
import { LogFleet } from './support/log-fleet.js';
import { logsOfOutputsTest, runOutputsTest } from './support/outputs-test-run.js';
import { checkTypes, OUTPUT_TYPES, startOutputs } from './support/test-outputs.js';

const options = readArguments({
  outputs: OUTPUT_TYPES.join(','),
  kills: 6,
  disturbances: 4,
  outage: 0,
  seconds: 80,
  rate: 500,
  logs: 6,
  seed: Date.now() % 100_000,
});
const types = options.outputs.split(',');
orOneLine(() => checkTypes(types));
const outputs = await startOutputs(types, console.log);
const logs = await LogFleet.start(logsOfOutputsTest(options));
try {
  const { mistakes } = await runOutputsTest({ ...options, print: console.log }, logs, outputs);
  process.exitCode = mistakes.length > 0 ? 1 : 0;
} finally {
  await Promise.all([logs.stop(), ...outputs.map(({ broker }) => broker.stop())]);
}
