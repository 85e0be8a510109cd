/**
 * Kills the server with SIGKILL repeatedly while entries arrive. It proves by index that over all runs no entry is missing
 * and that no entry whose position was saved is streamed again.
 *
 *   npm run crash-test -- --kills 50 --seconds 8 [--seed 7] [--logs 6] [--rate 400] [--fail 1] [--disk] [--output]
 *
 * Half of the kills happen up to --seconds after a client has connected, a third while the state is being saved, the others
 * during the start. --fail is the percentage of requests to the logs that fail. --disk keeps the journal on disk and proves
 * that it contains every entry. --output adds an output that acknowledges after 1.5 s and proves that it received every entry.
 */
import { readArguments } from './support/arguments.js';
import { runCrashTest } from './support/crash-test-run.js';

const defaults = {
  kills: 50,
  seconds: 8,
  seed: Date.now() % 100_000,
  logs: 6,
  rate: 400,
  fail: 0,
  disk: 0,
  output: 0,
};
const { mistakes } = await runCrashTest({ ...readArguments(defaults), print: console.log });
process.exitCode = mistakes.length > 0 ? 1 : 0;
