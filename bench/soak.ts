/**
 * The server for half an hour on many logs of both kinds that fail now and then: is every index of every log
 * streamed once, in order, and is memory level?
 *
 *   npm run soak -- --minutes 30 --logs 60 --rate 3000 --fail 1
 *
 * --rate is entries per second over all logs, --fail the share of requests that fail, in percent. Logs, server and
 * clients are processes of their own. Ends with 1 when a promise was broken.
 */
import { readArguments } from './support/arguments.js';
import { runSoak } from './support/soak-run.js';

const options = readArguments({ minutes: 30, logs: 60, rate: 3000, fail: 1, timeout: 10 });
const broken = await runSoak(options);
process.exitCode = broken.length > 0 ? 1 : 0;
