/**
 * Runs the server for half an hour on many logs of both protocols that fail from time to time. It checks that every index of
 * every log is streamed once and in order, and that memory stays constant.
 *
 *   npm run soak -- --minutes 30 --logs 60 --rate 3000 --fail 1
 *
 * --rate is the number of entries per second over all logs, --fail the percentage of requests that fail. Logs, server and
 * clients run in separate processes. The exit code is 1 if a check failed.
 */
import { readArguments } from './support/arguments.js';
import { runSoak } from './support/soak-run.js';

const options = readArguments({ minutes: 30, logs: 60, rate: 3000, fail: 1, timeout: 10 });
const broken = await runSoak(options);
process.exitCode = broken.length > 0 ? 1 : 0;
